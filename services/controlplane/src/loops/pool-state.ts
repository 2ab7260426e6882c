import type { Timer } from "@hearth/clock";
import type { PoolSnapshot, ScaleDecision } from "../core/decide-scale.ts";
import type { Environment } from "../core/environment.ts";
import { completePolicy, type Policy } from "@hearth/policy";
import type { PoolView } from "../core/pool-view.ts";
import type { Replica } from "../core/replica.ts";
import type { StartFailures } from "../core/start-backoff.ts";

/** What is remembered of a pool between decisions. Its replicas are kept with all others. */
export interface PoolState {
  readonly name: string;
  readonly environment: string;
  policyOverride: Policy | undefined;
  backlog: number;
  lastBacklogAtMs: number | undefined;
  startFailures: StartFailures | undefined;
  decision: ScaleDecision | undefined;
  timer: Timer | undefined;
}

export function newPool(name: string, environment: string): PoolState {
  return {
    name,
    environment,
    policyOverride: undefined,
    backlog: 0,
    lastBacklogAtMs: undefined,
    startFailures: undefined,
    decision: undefined,
    timer: undefined,
  };
}

export function snapshotOf(
  pool: PoolState,
  environment: Environment | undefined,
  replicas: readonly Replica[],
  now: number,
): PoolSnapshot {
  return {
    now,
    policy: policyOf(pool, environment),
    version: environment?.version.id,
    replicas,
    backlog: pool.backlog,
    lastBacklogAtMs: pool.lastBacklogAtMs,
    startFailures: pool.startFailures,
  };
}

export function policyOf(pool: PoolState, environment: Environment | undefined): Policy {
  return pool.policyOverride ?? environment?.policy ?? defaultPolicy;
}

const defaultPolicy = (() => {
  const decision = completePolicy({});
  if (decision.kind === "invalid") throw new Error(decision.problem);
  return decision.policy;
})();

export function viewOf(pool: PoolState, replicas: readonly Replica[]): PoolView {
  return {
    name: pool.name,
    environment: pool.environment,
    desired: pool.decision?.desired ?? 0,
    reason: pool.decision?.reason ?? "nothing has been asked for",
    backlog: pool.backlog,
    replicas: [...replicas].sort((a, b) => a.createdAtMs - b.createdAtMs),
    lastStartFailure: pool.startFailures?.message ?? "",
  };
}

/** Nothing is left of it that anybody could ask for. */
export function isForgettable(pool: PoolState, replicas: readonly Replica[]): boolean {
  return pool.name !== pool.environment && replicas.length === 0 && pool.backlog === 0 && pool.decision?.desired === 0;
}
