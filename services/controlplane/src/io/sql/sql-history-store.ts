import type { Selectable } from "kysely";
import { phaseOf, type ExecutionHistory, type Phase } from "../../core/execution-history.ts";
import type { HistoryStore, PhaseCounts, RunHistory } from "../history-store.ts";
import { attemptRows, clean, executionRow, toExecution } from "./execution-rows.ts";
import { byLength, pieces } from "./by-length.ts";
import type { Database } from "./open-database.ts";
import { addLogLines, readLogLines } from "./sql-log-lines.ts";
import { positionIn, rewind, movePosition } from "./sql-positions.ts";
import type { Tables } from "./tables.ts";

const columnsWithoutResult = [
  "id",
  "run_id",
  "parent_id",
  "environment",
  "task",
  "pool",
  "phase",
  "outcome",
  "accepted_ms",
  "ended_ms",
  "failure_json",
  "stored_arguments",
  "stored_arguments_bytes",
  "stored_result",
  "stored_result_bytes",
] as const;

const noCounts: PhaseCounts = { queued: 0, running: 0, succeeded: 0, failed: 0, timedOut: 0, cancelled: 0 };

export function sqlHistoryStore(database: Database): HistoryStore {
  const executionsById = byLength(
    (ids: readonly string[]) => database.selectFrom("executions").selectAll().where("id", "in", ids).compile(),
    (ids) => ids,
  );
  return {
    async getExecutions(ids) {
      const found: ExecutionHistory[] = [];
      for (const some of pieces(ids)) {
        const { rows } = await database.executeQuery(executionsById(some));
        found.push(...(await withAttempts(database, rows)));
      }
      return found;
    },
    async lookAtExecutions(ids) {
      const found: ExecutionHistory[] = [];
      for (const some of pieces(ids)) {
        const query = database.selectFrom("executions").select(columnsWithoutResult).where("id", "in", some);
        found.push(...(await withAttempts(database, (await query.execute()).map(withoutResult))));
      }
      return found;
    },
    putExecutions: executionWriter(database),
    async getRun(name) {
      const row = await database
        .selectFrom("executions")
        .selectAll()
        .where("id", "=", clean(name))
        .whereRef("id", "=", "run_id")
        .executeTakeFirst();
      return row === undefined ? undefined : (await withCounts(database, await withAttempts(database, [row])))[0];
    },
    async listRuns({ environment, limit, before }) {
      let query = database.selectFrom("executions").select(columnsWithoutResult).whereRef("id", "=", "run_id");
      if (environment !== undefined) query = query.where("environment", "=", clean(environment));
      if (before !== undefined) {
        query = query.where(({ eb, refTuple, tuple }) =>
          eb(refTuple("accepted_ms", "id"), "<", tuple(before.acceptedMs, clean(before.id))),
        );
      }
      const rows = await query.orderBy("accepted_ms", "desc").orderBy("id", "desc").limit(limit).execute();
      return withCounts(database, await withAttempts(database, rows.map(withoutResult)));
    },
    async listExecutions({ runId, limit, after }) {
      let query = database.selectFrom("executions").select(columnsWithoutResult).where("run_id", "=", runId);
      if (after !== undefined) {
        query = query.where(({ eb, refTuple, tuple }) =>
          eb(refTuple("accepted_ms", "id"), ">", tuple(after.acceptedMs, clean(after.id))),
        );
      }
      const rows = await query.orderBy("accepted_ms").orderBy("id").limit(limit).execute();
      return withAttempts(database, rows.map(withoutResult));
    },
    removeRuns: (endedBeforeMs, limit) => removeRuns(database, endedBeforeMs, limit),
    namedPayloads: (sha256s) => namedPayloads(database, sha256s),
    addLogLines: (lines, linesMax, move) => addLogLines(database, lines, { linesMax, move }),
    readLogLines: (query) => readLogLines(database, query),
    positionIn: (stream) => positionIn(database, stream),
    rewind: (stream) => rewind(database, stream),
  };
}

/** Writes executions with all their attempts. */
function executionWriter(database: Database): HistoryStore["putExecutions"] {
  const putExecutions = byLength(
    (rows: readonly Tables["executions"][]) =>
      database
        .insertInto("executions")
        .values(rows)
        .onConflict((conflict) =>
          conflict.column("id").doUpdateSet(({ ref }) => ({
            phase: ref("excluded.phase"),
            outcome: ref("excluded.outcome"),
            ended_ms: ref("excluded.ended_ms"),
            result: ref("excluded.result"),
            stored_result: ref("excluded.stored_result"),
            stored_result_bytes: ref("excluded.stored_result_bytes"),
            failure_json: ref("excluded.failure_json"),
          })),
        )
        .compile(),
    valuesOf,
  );
  const putAttempts = byLength(
    (rows: readonly Tables["attempts"][]) =>
      database
        .insertInto("attempts")
        .values(rows)
        .onConflict((conflict) =>
          conflict.columns(["execution_id", "number"]).doUpdateSet(({ ref }) => ({
            replica_id: ref("excluded.replica_id"),
            version: ref("excluded.version"),
            runner_pid: ref("excluded.runner_pid"),
            cold: ref("excluded.cold"),
            wait_reason: ref("excluded.wait_reason"),
            waited_ms: ref("excluded.waited_ms"),
            dispatched_ms: ref("excluded.dispatched_ms"),
            started_ms: ref("excluded.started_ms"),
            ended_ms: ref("excluded.ended_ms"),
            outcome: ref("excluded.outcome"),
            failure_json: ref("excluded.failure_json"),
          })),
        )
        .compile(),
    valuesOf,
  );
  return (executions, move) =>
    database.transaction().execute(async (transaction) => {
      await movePosition(transaction, move);
      const rows = executions.map((execution) => executionRow(execution, phaseOf(execution)));
      for (const piece of pieces(rows)) await transaction.executeQuery(putExecutions(piece));
      for (const piece of pieces(executions.flatMap(attemptRows))) await transaction.executeQuery(putAttempts(piece));
    });
}

/** Of rows that all have their columns in the same order. */
function valuesOf(rows: readonly object[]): readonly unknown[] {
  return rows.flatMap((row) => Object.values(row) as unknown[]);
}

async function removeRuns(database: Database, endedBeforeMs: number, limit: number): Promise<number> {
  return database.transaction().execute(async (transaction) => {
    const runs = await transaction
      .selectFrom("executions as root")
      .select("root.id")
      .whereRef("root.id", "=", "root.run_id")
      .where("root.ended_ms", ">", 0)
      .where("root.ended_ms", "<", endedBeforeMs)
      .where(({ not, exists, selectFrom }) =>
        not(
          exists(
            selectFrom("executions as open")
              .select("open.id")
              .whereRef("open.run_id", "=", "root.id")
              .where((open) => open.or([open("open.ended_ms", "=", 0), open("open.ended_ms", ">=", endedBeforeMs)])),
          ),
        ),
      )
      .orderBy("root.accepted_ms")
      .limit(limit)
      .execute();
    const names = runs.map(({ id }) => id);
    if (names.length === 0) return 0;
    await transaction.deleteFrom("log_lines").where("run_id", "in", names).execute();
    await transaction
      .deleteFrom("attempts")
      .where("execution_id", "in", ({ selectFrom }) =>
        selectFrom("executions").select("id").where("run_id", "in", names),
      )
      .execute();
    await transaction.deleteFrom("executions").where("run_id", "in", names).execute();
    return names.length;
  });
}

async function namedPayloads(database: Database, sha256s: readonly string[]): Promise<ReadonlySet<string>> {
  const named = new Set<string>();
  for (const some of pieces(sha256s)) {
    for (const column of ["stored_arguments", "stored_result"] as const) {
      const rows = await database
        .selectFrom("executions")
        .select(column)
        .distinct()
        .where(column, "in", some)
        .execute();
      for (const row of rows) named.add(row[column] ?? "");
    }
  }
  return named;
}

function withoutResult<R extends object>(row: R): R & { readonly result: null } {
  return { ...row, result: null };
}

/** The executions of some rows, in the rows' order. */
async function withAttempts(
  database: Database,
  rows: readonly Selectable<Tables["executions"]>[],
): Promise<readonly ExecutionHistory[]> {
  const attempts = Map.groupBy(await attemptsOf(database, rows), (attempt) => attempt.execution_id);
  return rows.map((row) => toExecution(row, attempts.get(row.id) ?? []));
}

async function attemptsOf(
  database: Database,
  rows: readonly Selectable<Tables["executions"]>[],
): Promise<readonly Selectable<Tables["attempts"]>[]> {
  const found: Selectable<Tables["attempts"]>[] = [];
  for (const some of pieces(rows)) {
    const ids = some.map(({ id }) => id);
    found.push(
      ...(await database
        .selectFrom("attempts")
        .selectAll()
        .where("execution_id", "in", ids)
        .orderBy("execution_id")
        .orderBy("number")
        .execute()),
    );
  }
  return found;
}

async function withCounts(database: Database, roots: readonly ExecutionHistory[]): Promise<readonly RunHistory[]> {
  const counts = new Map<string, PhaseCounts>();
  for (const some of pieces(roots)) {
    const names = some.map(({ id }) => id);
    const rows = await database
      .selectFrom("executions")
      .select(({ fn }) => ["run_id", "phase", fn.countAll<number | string>().as("count")])
      .where("run_id", "in", names)
      .groupBy(["run_id", "phase"])
      .execute();
    for (const { run_id, phase, count } of rows) {
      counts.set(run_id, { ...(counts.get(run_id) ?? noCounts), [phase as Phase]: Number(count) });
    }
  }
  return roots.map((root) => ({ root, counts: counts.get(root.id) ?? noCounts }));
}
