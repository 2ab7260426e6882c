import type { Clock, Timer } from "@hearth/clock";
import type { PayloadStore } from "@hearth/payloads";
import type { Logger } from "@hearth/telemetry";
import { maySweep } from "../core/decide-sweep.ts";
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
  readonly payloads: PayloadStore;
  readonly journal: Pick<JournalStream, "state" | "cut">;
  /** How long ended runs are kept. */
  readonly retentionMs: number;
  /** How long a payload is kept that no run names. */
  readonly payloadGraceMs: number;
  /** How much of the journal is kept beyond what is needed. */
  readonly journalBytes: number;
  readonly mayAct: () => boolean;
}

/** Removes runs that ended too long ago, and what nobody needs of the journal and of the payloads. Returns what stops it. */
export function keepWithinBounds(options: BoundsOptions): Timer {
  const { clock, log, mayAct } = options;
  /** One after the other of its kind: they are due at the same moments as others. */
  const doing = (what: (options: BoundsOptions) => Promise<void>): (() => void) => {
    let isBusy = false;
    return () => {
      if (isBusy || !mayAct()) return;
      isBusy = true;
      void what(options)
        .catch((error: unknown) => log.warn({ error: String(error) }, "nothing removed, trying again later"))
        .finally(() => (isBusy = false));
    };
  };
  const timers = [
    clock.every(trimEveryMs, doing(trim)),
    clock.every(pruneEveryMs, doing(prune)),
    clock.every(options.payloadGraceMs / 6, doing(sweeping())),
  ];
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

/** A sweep of the object store, each of which remembers where the journal ended. */
function sweeping(): (options: BoundsOptions) => Promise<void> {
  let sequenceBefore: number | undefined;
  return async ({ clock, log, store, payloads, journal, payloadGraceMs }) => {
    const { lastSequence, projectedSequence } = await journal.state();
    const may = maySweep({ projectedSequence, sequenceBefore });
    sequenceBefore = lastSequence;
    if (!may) return;
    const storedBefore = clock.now() - payloadGraceMs;
    const old = (await payloads.list()).filter(({ storedMs }) => storedMs < storedBefore);
    const named = await store.namedPayloads(old.map(({ sha256 }) => sha256));
    const unnamed = old.filter(({ sha256 }) => !named.has(sha256));
    for (const payload of unnamed) await payloads.remove(payload);
    if (unnamed.length > 0) log.info({ payloads: unnamed.length }, "payloads removed that no run names");
  };
}
