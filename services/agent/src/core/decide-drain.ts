/** Routers get this long to take the last outcomes: the time in which a cut-off one comes back. */
const acknowledgeGraceMs = 30_000;
/** After the grace period they get this long, and no longer. */
const lastAcknowledgeGraceMs = 2_000;

/** A drain as it stands. */
export interface DrainSnapshot {
  /** When it began, milliseconds since 1970. */
  readonly begunAtMs: number;
  /** How long attempts may go on from then. */
  readonly graceMs: number;
  /** Attempts that have not ended. */
  readonly live: number;
  /** Since when nothing has run, milliseconds since 1970. 0 while something does. */
  readonly idleSinceMs: number;
  /** Ends that no router has acknowledged. */
  readonly unacknowledged: number;
}

/**
 * - wait: look again a little later;
 * - giveUp: end what still runs, then look again;
 * - end: end the replica.
 */
export type DrainDecision =
  | { readonly kind: "wait"; readonly reason: string }
  | { readonly kind: "giveUp"; readonly reason: string }
  | { readonly kind: "end"; readonly reason: string };

/** What a draining replica does now. It ends within its grace period and two seconds, whatever attempts and routers do. */
export function decideDrain(snapshot: DrainSnapshot, now: number): DrainDecision {
  const { begunAtMs, graceMs, live, idleSinceMs, unacknowledged } = snapshot;
  const giveUpAt = begunAtMs + graceMs;
  if (live > 0 && now >= giveUpAt) return { kind: "giveUp", reason: `${live} still run and the grace period is over` };
  if (live > 0) return { kind: "wait", reason: `${live} still run` };
  if (unacknowledged === 0) return { kind: "end", reason: "nothing runs and routers have every outcome" };
  const owedUntil = Math.max(begunAtMs, idleSinceMs) + acknowledgeGraceMs;
  if (now >= Math.min(giveUpAt + lastAcknowledgeGraceMs, owedUntil))
    return { kind: "end", reason: `no router took ${unacknowledged} outcomes in time` };
  return { kind: "wait", reason: `${unacknowledged} outcomes are not acknowledged` };
}
