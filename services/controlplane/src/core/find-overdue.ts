import { describeDuration } from "./describe.ts";
import type { Replica } from "./replica.ts";

/** An agent announces itself every second; one that has been silent for this long is lost. */
export const replicaSilenceMaxMs = 5_000;

/** How much longer than its grace period a drained replica may take to go. */
const afterGraceMs = 5_000;

export interface ReplicaLimits {
  /** How long a replica may take from its start to its first announcement. */
  readonly startTimeoutMs: number;
  /** How long a draining replica's attempts may go on. */
  readonly drainGraceMs: number;
}

/** Why a replica must be stopped although nobody asked for it, or undefined while it is in good time. */
export function findOverdue(replica: Replica, now: number, limits: ReplicaLimits): string | undefined {
  const silentMs = now - replica.heardAtMs;
  switch (replica.state) {
    case "requested":
    case "starting":
      if (silentMs < limits.startTimeoutMs) return undefined;
      return `it was not ready ${describeDuration(limits.startTimeoutMs)} after its start`;
    case "ready":
      return lostAfter(silentMs);
    case "draining": {
      const drainingMs = now - (replica.drainingAtMs ?? now);
      if (drainingMs >= limits.drainGraceMs + afterGraceMs) return "it outstayed its grace period";
      return replica.announced === undefined ? undefined : lostAfter(silentMs);
    }
    case "ended":
      return undefined;
  }
}

function lostAfter(silentMs: number): string | undefined {
  if (silentMs < replicaSilenceMaxMs) return undefined;
  return `it was lost: not heard of for ${describeDuration(replicaSilenceMaxMs)}`;
}
