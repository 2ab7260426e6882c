import { decodeMessage, JournalBatchSchema } from "@hearth/proto";
import type { Logger } from "@hearth/telemetry";
import type { ExecutionHistory } from "../core/execution-history.ts";
import { projectRecord, type HistoryRecord } from "../core/project-journal.ts";
import type { ChangeFeed } from "../io/change-feed.ts";
import type { PositionMove } from "../core/stream-position.ts";
import type { HistoryStore } from "../io/history-store.ts";
import type { StreamMessage, StreamReader } from "../io/stream-reader.ts";
import { recordsFromMessage } from "../io/wire/journal-message.ts";
import { keepReading } from "./keep-reading.ts";

const batchMax = 256;

/**
 * Writes what the journal says into the history, batch by batch, and tells watchers of a run after the commit. Any number
 * may do so at once: each batch is written by one of them, from executions that nobody has changed since.
 */
export async function projectHistory(options: {
  readonly journal: StreamReader;
  readonly store: HistoryStore;
  /** Told under a run's name, with the ids of the executions that changed. */
  readonly feed: ChangeFeed;
  readonly log: Logger;
  readonly signal: AbortSignal;
}): Promise<void> {
  const { journal, store, feed, log, signal } = options;
  const take = async (batch: readonly StreamMessage[], move: PositionMove): Promise<void> => {
    const records = batch.flatMap((message) => decode(message, log));
    const changed = await changedExecutions(records, store);
    await store.putExecutions(changed, move);
    const byRun = Map.groupBy(changed, ({ runId }) => runId);
    for (const [run, executions] of byRun)
      feed.publish(
        run,
        executions.map(({ id }) => id),
      );
  };
  await keepReading({ reader: journal, store, batchMax, take, missed: () => feed.publishAll(), log, signal });
}

async function changedExecutions(
  records: readonly HistoryRecord[],
  store: HistoryStore,
): Promise<readonly ExecutionHistory[]> {
  const ids = [...new Set(records.map(({ executionId }) => executionId))];
  const stored = new Map((await store.getExecutions(ids)).map((execution) => [execution.id, execution]));
  const projected = new Map(stored);
  for (const record of records) {
    const after = projectRecord(projected.get(record.executionId), record);
    if (after !== undefined) projected.set(record.executionId, after);
  }
  return [...projected.values()].filter((execution) => stored.get(execution.id) !== execution);
}

/** What cannot be decoded would never be: it is reported and left behind. */
function decode({ data, sequence }: StreamMessage, log: Logger): readonly HistoryRecord[] {
  try {
    const { records } = decodeMessage(JournalBatchSchema, data);
    return records.flatMap(recordsFromMessage);
  } catch (error) {
    log.error({ sequence, error: (error as Error).message }, "journal batch cannot be decoded");
    return [];
  }
}
