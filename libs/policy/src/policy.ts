/** How an environment's replicas are kept and reused, every default filled in. */
export interface Policy {
  /** Replicas kept while the environment is awake. */
  readonly minReplicas: number;
  /** Replicas of one version never exceeded. */
  readonly maxReplicas: number;
  /** Slots of each replica. */
  readonly concurrency: number;
  /** How long the whole environment may be idle before every replica is drained. */
  readonly idleTtlMs: number;
  /** How long one replica may be idle before it is drained, while more than `minReplicas` remain. */
  readonly scaledownTtlMs: number;
  readonly scope: "global" | "run";
}

/** A policy as somebody wrote it: what is absent takes its default. */
export type PolicyRequest = { readonly [K in keyof Policy]?: Policy[K] | undefined };

export type PolicyDecision =
  { readonly kind: "valid"; readonly policy: Policy } | { readonly kind: "invalid"; readonly problem: string };

const replicasDefault = 2;
const ttlDefaultMs = 30_000;
const ttlMaxMs = 30 * 24 * 3_600_000;
const countMax = 10_000;

/** Fills the defaults in and checks the bounds, as environment.proto states them. */
export function completePolicy(request: PolicyRequest): PolicyDecision {
  const { minReplicas, maxReplicas } = request;
  const positiveMin = minReplicas !== undefined && minReplicas > 0 ? minReplicas : undefined;
  const policy: Policy = {
    minReplicas: minReplicas ?? maxReplicas ?? replicasDefault,
    maxReplicas: maxReplicas ?? positiveMin ?? replicasDefault,
    concurrency: request.concurrency ?? 1,
    idleTtlMs: request.idleTtlMs ?? ttlDefaultMs,
    scaledownTtlMs: request.scaledownTtlMs ?? ttlDefaultMs,
    scope: request.scope ?? "global",
  };
  const problem = problemOf(policy);
  return problem === undefined ? { kind: "valid", policy } : { kind: "invalid", problem };
}

function problemOf(policy: Policy): string | undefined {
  const { minReplicas, maxReplicas, concurrency } = policy;
  if (maxReplicas < 1 || maxReplicas > countMax) return `max_replicas is ${maxReplicas}; give 1 to ${countMax}.`;
  if (minReplicas > maxReplicas) {
    return `min_replicas is ${minReplicas} and max_replicas ${maxReplicas}; the minimum cannot be above the maximum.`;
  }
  if (concurrency < 1 || concurrency > countMax) return `concurrency is ${concurrency}; give 1 to ${countMax} slots.`;
  return ttlProblem("idle_ttl", policy.idleTtlMs) ?? ttlProblem("scaledown_ttl", policy.scaledownTtlMs);
}

function ttlProblem(field: string, ttlMs: number): string | undefined {
  if (ttlMs > 0 && ttlMs <= ttlMaxMs) return undefined;
  return `${field} is ${ttlMs / 1000} s; give more than 0 s and at most 30 days.`;
}
