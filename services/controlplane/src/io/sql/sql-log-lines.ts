import { keepWithinBudget } from "../../core/log-budget.ts";
import type { PositionMove } from "../../core/stream-position.ts";
import type { HistoryStore, PlacedLogLine } from "../history-store.ts";
import { clean } from "./execution-rows.ts";
import type { Database } from "./open-database.ts";
import { movePosition } from "./sql-positions.ts";

const rowsPerStatement = 500;

/** See `HistoryStore.addLogLines`. Counting and adding are one transaction, so a line taken twice is not counted twice. */
export function addLogLines(
  database: Database,
  lines: readonly PlacedLogLine[],
  { linesMax, move }: { readonly linesMax: number; readonly move: PositionMove },
): Promise<readonly string[]> {
  return database.transaction().execute(async (transaction) => {
    await movePosition(transaction, move);
    const touched = new Set<string>();
    for (let from = 0; from < lines.length; from += rowsPerStatement) {
      const some = lines.slice(from, from + rowsPerStatement);
      const kept = keepWithinBudget(some, await countLines(transaction, some), linesMax);
      await insertLines(transaction, kept);
      for (const { runId } of kept) touched.add(runId);
    }
    return [...touched];
  });
}

async function insertLines(transaction: Database, lines: readonly PlacedLogLine[]): Promise<void> {
  if (lines.length === 0) return;
  const rows = lines.map((line) => ({
    run_id: line.runId,
    execution_id: line.executionId,
    attempt: line.attempt,
    unix_ms: line.unixMs,
    stream: clean(line.stream),
    text: clean(line.text),
    sequence: line.sequence,
    entry: line.entry,
  }));
  await transaction
    .insertInto("log_lines")
    .values(rows)
    .onConflict((conflict) => conflict.columns(["execution_id", "attempt", "sequence", "entry"]).doNothing())
    .execute();
}

async function countLines(database: Database, lines: readonly PlacedLogLine[]): Promise<ReadonlyMap<string, number>> {
  const ids = [...new Set(lines.map(({ executionId }) => executionId))];
  const rows = await database
    .selectFrom("log_lines")
    .select(({ fn }) => ["execution_id", fn.countAll<number | string>().as("count")])
    .where("execution_id", "in", ids)
    .groupBy("execution_id")
    .execute();
  return new Map(rows.map(({ execution_id, count }) => [execution_id, Number(count)]));
}

export const readLogLines = async (
  database: Database,
  { runId, executionId, after, limit }: Parameters<HistoryStore["readLogLines"]>[0],
): ReturnType<HistoryStore["readLogLines"]> => {
  let query = database.selectFrom("log_lines").selectAll().where("run_id", "=", runId).where("cursor", ">", after);
  if (executionId !== undefined) query = query.where("execution_id", "=", clean(executionId));
  const rows = await query.orderBy("cursor").limit(limit).execute();
  return rows.map((row) => ({
    cursor: row.cursor,
    runId: row.run_id,
    executionId: row.execution_id,
    attempt: row.attempt,
    unixMs: row.unix_ms,
    stream: row.stream,
    text: row.text,
  }));
};
