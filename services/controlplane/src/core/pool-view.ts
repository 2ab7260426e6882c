import type { Environment } from "./environment.ts";
import type { Replica } from "./replica.ts";

/** A pool as people see it. */
export interface PoolView {
  readonly name: string;
  readonly environment: string;
  /** Replicas wanted now. */
  readonly desired: number;
  /** Why that many. */
  readonly reason: string;
  readonly backlog: number;
  /** Those that have not ended, oldest first. */
  readonly replicas: readonly Replica[];
  /** Empty after a good start. */
  readonly lastStartFailure: string;
}

/**
 * Why executions of an environment wait for a slot. Empty when it has several pools: which of them an execution waits
 * for is only known to its router.
 */
export function waitReasonIn(pools: readonly PoolView[]): string {
  const [only, ...others] = pools;
  return others.length > 0 ? "" : (only?.reason ?? "");
}

/** What the services ask of the loop that keeps the pools, and tell it. */
export interface Pools {
  /** The pools of an environment, the one all runs share first. */
  pools(environment: string): readonly PoolView[];
  environmentChanged(environment: Environment): void;
  environmentDeleted(name: string): void;
  /** The addresses of live routers, the one heard of most recently first. */
  routers(): readonly string[];
}
