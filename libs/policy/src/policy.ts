/** How an environment's replicas are kept and reused, every default filled in. */
export interface Policy {
  /** Replicas kept while the environment is awake. */
  readonly minReplicas: number;
  /** Replicas of one version never exceeded, but for one that replaces another. */
  readonly maxReplicas: number;
  /** Slots of each replica. */
  readonly concurrency: number;
  /** How long the whole environment may be idle before every replica is drained. */
  readonly idleTtlMs: number;
  /** How long one replica may be idle before it is drained, while more than `minReplicas` remain. */
  readonly scaledownTtlMs: number;
  readonly scope: "global" | "run";
  /** Idle replicas kept beyond those in use, for as long as any is in use. */
  readonly bufferReplicas: number;
  readonly recycling: Recycling;
  /** Every replica serves one execution and ends. */
  readonly singleUse: boolean;
  /** Whether an execution that ran out of memory alone gets one more attempt, in a fresh replica of its own. */
  readonly isolateOutOfMemory: boolean;
}

/** When a replica is replaced; what is undefined never is a cause. */
export interface Recycling {
  readonly afterExecutions: number | undefined;
  readonly aboveMemoryBytes: number | undefined;
  readonly afterAgeMs: number | undefined;
}

/** A policy as somebody wrote it: what is absent takes its default. */
export type PolicyRequest = { readonly [K in keyof Policy]?: Policy[K] | undefined };

export type PolicyDecision =
  { readonly kind: "valid"; readonly policy: Policy } | { readonly kind: "invalid"; readonly problem: string };

const replicasDefault = 2;
const ttlDefaultMs = 30_000;
const durationMaxMs = 30 * 24 * 3_600_000;
const countMax = 10_000;
const executionsMax = 1_000_000_000;

export const neverRecycled: Recycling = {
  afterExecutions: undefined,
  aboveMemoryBytes: undefined,
  afterAgeMs: undefined,
};

/** Fills the defaults in and checks the bounds, as environment.proto states them. */
export function completePolicy(request: PolicyRequest): PolicyDecision {
  const { minReplicas, maxReplicas } = request;
  const positiveMin = minReplicas !== undefined && minReplicas > 0 ? minReplicas : undefined;
  const policy: Policy = {
    minReplicas: minReplicas ?? maxReplicas ?? defaultPolicy.minReplicas,
    maxReplicas: maxReplicas ?? positiveMin ?? defaultPolicy.maxReplicas,
    concurrency: request.concurrency ?? defaultPolicy.concurrency,
    idleTtlMs: request.idleTtlMs ?? defaultPolicy.idleTtlMs,
    scaledownTtlMs: request.scaledownTtlMs ?? defaultPolicy.scaledownTtlMs,
    scope: request.scope ?? defaultPolicy.scope,
    bufferReplicas: request.bufferReplicas ?? defaultPolicy.bufferReplicas,
    recycling: request.recycling ?? defaultPolicy.recycling,
    singleUse: request.singleUse ?? defaultPolicy.singleUse,
    isolateOutOfMemory: request.isolateOutOfMemory ?? defaultPolicy.isolateOutOfMemory,
  };
  const problem = problemOf(policy);
  return problem === undefined ? { kind: "valid", policy } : { kind: "invalid", problem };
}

/** What holds where nobody said anything. */
export const defaultPolicy: Policy = {
  minReplicas: replicasDefault,
  maxReplicas: replicasDefault,
  concurrency: 1,
  idleTtlMs: ttlDefaultMs,
  scaledownTtlMs: ttlDefaultMs,
  scope: "global",
  bufferReplicas: 0,
  recycling: neverRecycled,
  singleUse: false,
  isolateOutOfMemory: false,
};

/**
 * The policy under which executions of an environment get a fresh replica each: as many at a time as the environment may
 * have replicas, none kept.
 */
export function freshReplicaPolicy(policy: Policy): Policy {
  return {
    ...policy,
    minReplicas: 0,
    concurrency: 1,
    scope: "global",
    bufferReplicas: 0,
    recycling: neverRecycled,
    singleUse: true,
  };
}

function problemOf(policy: Policy): string | undefined {
  const { minReplicas, maxReplicas, concurrency, bufferReplicas, recycling } = policy;
  if (maxReplicas < 1 || maxReplicas > countMax) return `max_replicas is ${maxReplicas}; give 1 to ${countMax}.`;
  if (minReplicas > maxReplicas) {
    return `min_replicas is ${minReplicas} and max_replicas ${maxReplicas}; the minimum cannot be above the maximum.`;
  }
  if (concurrency < 1 || concurrency > countMax) return `concurrency is ${concurrency}; give 1 to ${countMax} slots.`;
  if (policy.singleUse && concurrency > 1) {
    return `single_use is set and concurrency is ${concurrency}; a replica that serves one execution has one slot.`;
  }
  if (bufferReplicas > countMax) return `buffer_replicas is ${bufferReplicas}; give 0 to ${countMax}.`;
  return (
    durationProblem("idle_ttl", policy.idleTtlMs) ??
    durationProblem("scaledown_ttl", policy.scaledownTtlMs) ??
    recyclingProblem(recycling)
  );
}

function recyclingProblem({ afterExecutions, aboveMemoryBytes, afterAgeMs }: Recycling): string | undefined {
  if (afterExecutions !== undefined && !(afterExecutions >= 1 && afterExecutions <= executionsMax)) {
    return `recycling.after_executions is ${afterExecutions}; give 1 to 1,000,000,000, or 0 for any number.`;
  }
  if (aboveMemoryBytes !== undefined && !(aboveMemoryBytes > 0)) {
    return 'recycling.above_memory is no Kubernetes quantity above 0, such as "800Mi".';
  }
  return afterAgeMs === undefined ? undefined : durationProblem("recycling.after_age", afterAgeMs);
}

function durationProblem(field: string, durationMs: number): string | undefined {
  if (durationMs > 0 && durationMs <= durationMaxMs) return undefined;
  return `${field} is ${durationMs / 1000} s; give more than 0 s and at most 30 days.`;
}
