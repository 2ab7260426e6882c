import { defaultPolicy, type Policy } from "@hearth/policy";
import type { PoolSnapshot, ScaleDecision, WarmUp } from "./decide-scale.ts";
import type { Environment } from "./environment.ts";
import type { PoolView } from "./pool-view.ts";
import type { Replica } from "./replica.ts";
import type { StartFailures } from "./start-backoff.ts";

/** What is remembered of a pool between decisions. */
export interface PoolState {
  readonly name: string;
  readonly environment: string;
  /** Those that have not ended, by id. */
  readonly replicas: Map<string, Replica>;
  policyOverride: Policy | undefined;
  backlog: number;
  lastBacklogAtMs: number | undefined;
  warmUp: WarmUp | undefined;
  lastScaledownAtMs: number | undefined;
  lastGoneAtMs: number | undefined;
  startFailures: StartFailures | undefined;
  decision: ScaleDecision | undefined;
}

export function newPool(name: string, environment: string): PoolState {
  return {
    name,
    environment,
    replicas: new Map(),
    policyOverride: undefined,
    backlog: 0,
    lastBacklogAtMs: undefined,
    warmUp: undefined,
    lastScaledownAtMs: undefined,
    lastGoneAtMs: undefined,
    startFailures: undefined,
    decision: undefined,
  };
}

export function snapshotOf(pool: PoolState, environment: Environment | undefined, now: number): PoolSnapshot {
  return {
    now,
    policy: policyOf(pool, environment),
    version: environment?.version.id,
    replicas: pool.replicas.values(),
    backlog: pool.backlog,
    uncoveredSinceMs: pool.decision?.uncoveredSinceMs,
    lastBacklogAtMs: pool.lastBacklogAtMs,
    warmUp: pool.warmUp,
    lastScaledownAtMs: pool.lastScaledownAtMs,
    lastGoneAtMs: pool.lastGoneAtMs,
    startFailures: pool.startFailures,
  };
}

export function policyOf(pool: PoolState, environment: Environment | undefined): Policy {
  return pool.policyOverride ?? environment?.policy ?? defaultPolicy;
}

export function viewOf(pool: PoolState): PoolView {
  return {
    name: pool.name,
    environment: pool.environment,
    desired: pool.decision?.desired ?? 0,
    reason: pool.decision?.reason ?? "nothing has been asked for",
    backlog: pool.backlog,
    replicas: [...pool.replicas.values()].sort((a, b) => a.createdAtMs - b.createdAtMs),
    lastStartFailure: pool.startFailures?.message ?? "",
  };
}

/** Nothing is left of it that anybody could ask for. */
export function isForgettable(pool: PoolState): boolean {
  return (
    pool.name !== pool.environment && pool.replicas.size === 0 && pool.backlog === 0 && pool.decision?.desired === 0
  );
}
