import type { ReplicaCounts } from "./count-replicas.ts";
import type { DrainOrder, PoolSnapshot } from "./decide-scale.ts";
import { describeDuration } from "./describe.ts";
import { isBusy, type Replica } from "./replica.ts";

export interface ScaledownDecision {
  readonly drain: readonly DrainOrder[];
  readonly nextAt: number | undefined;
}

/** The time between two steps of a scale-down. */
export const scaledownStepMs = 50;

/**
 * Which replicas go: those above the maximum, where it was lowered, and those that were idle for the scaledown TTL, while
 * more than `kept` remain. Many that are due at once go in steps, half of the rest in each, so that a burst that comes
 * meanwhile still finds some; the greatest pool is through in less than a second.
 */
export function decideScaledown(snapshot: PoolSnapshot, counts: ReplicaCounts, kept: number): ScaledownDecision {
  const { policy, now, lastScaledownAtMs } = snapshot;
  // Those of single use go by themselves, and more of them than the maximum may have been needed.
  const excess = policy.singleUse ? [] : excessOf(counts, policy.maxReplicas);
  const spare = counts.settled.length - excess.length - kept;
  if (spare <= 0) return { drain: excess, nextAt: undefined };
  const leaving = new Set(excess.map(({ replicaId }) => replicaId));
  const dueBeforeMs = now - policy.scaledownTtlMs;
  const dueNow: Replica[] = [];
  let later = Infinity;
  // One pass without a sort: mostly nothing is due, and pools have thousands of replicas.
  for (const replica of counts.settled) {
    if (!isIdle(replica) || leaving.has(replica.id)) continue;
    if (idleSince(replica) <= dueBeforeMs) dueNow.push(replica);
    else later = Math.min(later, idleSince(replica));
  }
  const due = dueNow.sort(longestIdle).slice(0, spare);
  const nextDueAt = Number.isFinite(later) && due.length < spare ? later + policy.scaledownTtlMs : undefined;
  if (due.length === 0) return { drain: excess, nextAt: nextDueAt };
  const stepAt = (lastScaledownAtMs ?? -Infinity) + scaledownStepMs;
  if (stepAt > now) return { drain: excess, nextAt: stepAt };
  const step = due.slice(0, Math.ceil(due.length / 2));
  const reason = `idle for ${describeDuration(policy.scaledownTtlMs)} (scaledown TTL)`;
  const orders = step.map(({ id }) => ({ replicaId: id, cause: "SCALEDOWN_TTL", reason }) as const);
  return { drain: [...excess, ...orders], nextAt: step.length < due.length ? now + scaledownStepMs : nextDueAt };
}

/** Starting replicas and idle ones above the maximum. Busy ones go once they are idle. */
function excessOf({ settled }: ReplicaCounts, maxReplicas: number): readonly DrainOrder[] {
  const above = settled.length - maxReplicas;
  if (above <= 0) return [];
  const starting = settled.filter(({ state }) => state !== "ready").sort((a, b) => b.createdAtMs - a.createdAtMs);
  const idle = settled.filter(isIdle).sort(longestIdle);
  const reason = `max replicas is now ${maxReplicas}`;
  return [...starting, ...idle].slice(0, above).map(({ id }) => ({ replicaId: id, cause: "MAX_REPLICAS", reason }));
}

function isIdle(replica: Replica): boolean {
  return replica.state === "ready" && !isBusy(replica) && replica.announced?.idleSinceMs !== undefined;
}

function longestIdle(a: Replica, b: Replica): number {
  return idleSince(a) - idleSince(b);
}

function idleSince(replica: Replica): number {
  return replica.announced?.idleSinceMs ?? Infinity;
}
