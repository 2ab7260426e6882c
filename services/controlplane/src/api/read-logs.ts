import type { MessageInitShape } from "@bufbuild/protobuf";
import type { ReadLogsResponseSchema } from "@hearth/proto";
import { linesKey, type ChangeFeed } from "../io/change-feed.ts";
import type { HistoryStore } from "../io/history-store.ts";
import { logLineToMessage } from "../io/wire/execution-message.ts";
import { packs } from "./packs.ts";
import type { RunReader } from "./run-history.ts";

const pageMax = 500;

/** Lines travel beside the journal: after the end of a run its last ones may take this long. */
const lastLinesMs = 500;

/** The lines of a run; with `follow` also those to come, until the run has ended. Throws RUN_NOT_FOUND. */
export async function* readLogs(options: {
  readonly runs: RunReader;
  readonly store: HistoryStore;
  /** Tells under `linesKey` of new lines, and under the run's name of its end. */
  readonly runFeed: ChangeFeed;
  readonly name: string;
  readonly executionId: string | undefined;
  readonly follow: boolean;
  readonly signal: AbortSignal;
}): AsyncGenerator<MessageInitShape<typeof ReadLogsResponseSchema>, void> {
  const { runs, store, name, executionId, follow, signal } = options;
  using watch = options.runFeed.watch([name, linesKey(name)], signal);
  await runs.get(name);
  let after = 0;
  let ended = false;
  for (;;) {
    const lines = await store.readLogLines({ runId: name, executionId, after, limit: pageMax });
    after = lines.at(-1)?.cursor ?? after;
    for (const pack of packs(lines, ({ text }) => text.length)) yield { lines: pack.map(logLineToMessage) };
    if (lines.length === pageMax) continue;
    if (!follow || (ended && lines.length === 0)) return;
    // A change that came before this read is no news.
    watch.drain();
    ended = (await runs.get(name)).root.outcome !== "none";
    if ((await watch.next(ended ? lastLinesMs : undefined)) === undefined) return;
  }
}
