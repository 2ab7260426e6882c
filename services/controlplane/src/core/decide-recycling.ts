import type { Recycling } from "@hearth/policy";
import type { ReplicaCounts } from "./count-replicas.ts";
import type { DrainOrder, StartOrder } from "./decide-scale.ts";
import { describeBytes, describeDuration } from "./describe.ts";
import type { Replica } from "./replica.ts";

export interface RecyclingDecision {
  readonly start: readonly StartOrder[];
  readonly drain: readonly DrainOrder[];
  readonly nextAt: number | undefined;
}

const nothing: RecyclingDecision = { start: [], drain: [], nextAt: undefined };

/**
 * Replaces replicas that have served for long enough, one at a time, the oldest first: its replacement is started, and once
 * that is ready the replica drains. Until then it goes on serving, so that no slot is missing in between.
 */
export function decideRecycling(counts: ReplicaCounts, rules: Recycling, now: number): RecyclingDecision {
  const { afterExecutions, aboveMemoryBytes, afterAgeMs } = rules;
  // One at a time: the last one may still have attempts, for as long as these take.
  if (counts.isRecycling) return nothing;
  const started = replacementUnderWay(counts, rules, now);
  if (started !== undefined) return started;
  if (afterExecutions === undefined && aboveMemoryBytes === undefined && afterAgeMs === undefined) return nothing;
  let due: { readonly replica: Replica; readonly why: string } | undefined;
  let nextAt = Infinity;
  for (const replica of counts.settled) {
    const why = causeOf(replica, rules, now);
    if (why === undefined) nextAt = Math.min(nextAt, (replica.readyAtMs ?? Infinity) + (afterAgeMs ?? Infinity));
    else if (due === undefined || readyAt(replica) < readyAt(due.replica)) due = { replica, why };
  }
  if (due === undefined) return { ...nothing, nextAt: Number.isFinite(nextAt) ? nextAt : undefined };
  const reason = `it replaces ${due.replica.id}: ${due.why}`;
  return { ...nothing, start: [{ count: 1, cause: "RECYCLING", reason, replaces: due.replica.id }] };
}

/** The next one has its turn after this one. */
function replacementUnderWay(counts: ReplicaCounts, rules: Recycling, now: number): RecyclingDecision | undefined {
  for (const [id, replacement] of counts.replacements) {
    if (replacement.state !== "ready") return nothing;
    const replaced = counts.settled.find((replica) => replica.id === id);
    const why = replaced === undefined ? undefined : causeOf(replaced, rules, now);
    const reason = `${why ?? "it was to be replaced"} (recycling)`;
    return { ...nothing, drain: [{ replicaId: id, cause: "RECYCLED", reason }] };
  }
  return undefined;
}

/** Why a replica is to be replaced, or undefined while it is not. */
function causeOf(replica: Replica, rules: Recycling, now: number): string | undefined {
  const { announced, readyAtMs, state } = replica;
  if (state !== "ready" || announced === undefined || readyAtMs === undefined) return undefined;
  const { afterExecutions = Infinity, aboveMemoryBytes = Infinity, afterAgeMs = Infinity } = rules;
  if (announced.executions >= afterExecutions) return `it took ${announced.executions} executions`;
  if (announced.memoryBytes > aboveMemoryBytes) {
    return `its runner held ${describeBytes(announced.memoryBytes)}, above ${describeBytes(aboveMemoryBytes)}`;
  }
  if (now - readyAtMs >= afterAgeMs) return `it was ${describeDuration(afterAgeMs)} old`;
  return undefined;
}

function readyAt(replica: Replica): number {
  return replica.readyAtMs ?? Infinity;
}
