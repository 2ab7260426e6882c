import { describeDuration } from "./describe.ts";
import type { EndCause, Replica } from "./replica.ts";

/** An agent announces itself every 1.1 s; one that has been silent for this long is lost. */
export const replicaSilenceMaxMs = 5_000;

/** How much longer than its grace period a drained replica may take to go. */
const afterGraceMs = 5_000;

export interface ReplicaLimits {
  /** How long a replica may take from its start to its first announcement. */
  readonly startTimeoutMs: number;
  /** How long a draining replica's attempts may go on. */
  readonly drainGraceMs: number;
  /** The same where it only makes way for another one: nobody waits for it to be gone. */
  readonly replacedGraceMs: number;
}

/** How long the attempts of a replica that drains for this cause may go on. */
export function graceMsFor(cause: EndCause | undefined, limits: ReplicaLimits): number {
  return cause === "ROLL_OUT" || cause === "RECYCLED" ? limits.replacedGraceMs : limits.drainGraceMs;
}

export interface Overdue {
  readonly cause: EndCause;
  readonly reason: string;
}

/** Why a replica must be stopped although nobody asked for it, or undefined while it is in good time. */
export function findOverdue(replica: Replica, now: number, limits: ReplicaLimits): Overdue | undefined {
  const silentMs = now - replica.heardAtMs;
  switch (replica.state) {
    case "requested":
    case "starting": {
      if (silentMs < limits.startTimeoutMs) return undefined;
      const reason = `it was not ready ${describeDuration(limits.startTimeoutMs)} after its start`;
      return { cause: "START_FAILED", reason };
    }
    case "ready":
      return lostAfter(silentMs);
    case "draining": {
      const drainingMs = now - (replica.drainingAtMs ?? now);
      if (drainingMs >= graceMsFor(replica.endCause, limits) + afterGraceMs) {
        return { cause: "STOPPED", reason: "it outstayed its grace period" };
      }
      return replica.announced === undefined ? undefined : lostAfter(silentMs);
    }
    case "ended":
      return undefined;
  }
}

function lostAfter(silentMs: number): Overdue | undefined {
  if (silentMs < replicaSilenceMaxMs) return undefined;
  return { cause: "LOST", reason: `it was lost: not heard of for ${describeDuration(replicaSilenceMaxMs)}` };
}
