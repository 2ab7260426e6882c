import type { Clock, Timer } from "@hearth/clock";
import type { Logger } from "@hearth/telemetry";
import { decideTrim } from "../core/decide-trim.ts";
import type { HistoryStore } from "../io/history-store.ts";
import type { JournalStream } from "../io/journal-stream.ts";

const trimEveryMs = 10_000;
const pruneEveryMs = 60_000;
/** Runs that are removed in one transaction. */
const runsMax = 20;

export interface BoundsOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly store: HistoryStore;
  readonly journal: JournalStream;
  /** How long ended runs are kept. */
  readonly retentionMs: number;
  /** How much of the journal is kept beyond what is needed. */
  readonly journalBytes: number;
  readonly mayAct: () => boolean;
}

/** Removes runs that ended too long ago, and what nobody needs of the journal. Returns what stops it. */
export function keepWithinBounds(options: BoundsOptions): Timer {
  const { clock, log, mayAct } = options;
  let isBusy = false;
  const doing = (what: (options: BoundsOptions) => Promise<void>) => (): void => {
    if (isBusy || !mayAct()) return;
    isBusy = true;
    void what(options)
      .catch((error: unknown) => log.warn({ error: String(error) }, "nothing removed, trying again later"))
      .finally(() => (isBusy = false));
  };
  const timers = [clock.every(trimEveryMs, doing(trim)), clock.every(pruneEveryMs, doing(prune))];
  return { cancel: () => timers.forEach((timer) => timer.cancel()) };
}

async function trim({ journal, journalBytes, log }: BoundsOptions): Promise<void> {
  const state = await journal.state();
  const before = decideTrim(state, journalBytes);
  if (before !== undefined) await journal.cut(before);
  else if (state.bytes > 2 * journalBytes) log.warn({ ...state }, "the journal grows: the history is behind");
}

async function prune({ clock, log, store, retentionMs }: BoundsOptions): Promise<void> {
  let runs = 0;
  for (let removed = runsMax; removed === runsMax; runs += removed) {
    removed = await store.removeRuns(clock.now() - retentionMs, runsMax);
  }
  if (runs > 0) log.info({ runs }, "old runs removed");
}
