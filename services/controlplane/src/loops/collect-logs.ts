import { fromBinary } from "@bufbuild/protobuf";
import { LogBatchSchema } from "@hearth/proto";
import type { Logger } from "@hearth/telemetry";
import { linesKey, type ChangeFeed } from "../io/change-feed.ts";
import type { PositionMove } from "../core/stream-position.ts";
import type { HistoryStore, PlacedLogLine } from "../io/history-store.ts";
import type { StreamMessage, StreamReader } from "../io/stream-reader.ts";
import { logLinesFromMessage } from "../io/wire/journal-message.ts";
import { keepReading } from "./keep-reading.ts";

const batchMax = 256;

/** Writes what tasks printed into the history and tells watchers of a run's lines after the commit. */
export async function collectLogs(options: {
  readonly reader: StreamReader;
  readonly store: HistoryStore;
  /** Told under a run's `linesKey`. */
  readonly feed: ChangeFeed;
  /** Lines kept of each execution. */
  readonly linesMax: number;
  readonly log: Logger;
  readonly signal: AbortSignal;
}): Promise<void> {
  const { reader, store, feed, linesMax, log, signal } = options;
  const take = async (batch: readonly StreamMessage[], move: PositionMove): Promise<void> => {
    const lines = batch.flatMap((message) => decode(message, log));
    for (const run of await store.addLogLines(lines, linesMax, move)) feed.publish(linesKey(run));
  };
  await keepReading({ reader, store, batchMax, take, missed: () => feed.publishAll(), log, signal });
}

function decode({ data, sequence }: StreamMessage, log: Logger): readonly PlacedLogLine[] {
  try {
    return logLinesFromMessage(fromBinary(LogBatchSchema, data), sequence);
  } catch (error) {
    log.error({ sequence, error: (error as Error).message }, "log batch cannot be decoded");
    return [];
  }
}
