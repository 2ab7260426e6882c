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

/** Why executions of a pool wait for a slot. Empty when the pool is not awake. */
export function waitReasonIn(pools: readonly PoolView[], pool: string): string {
  return pools.find(({ name }) => name === pool)?.reason ?? "";
}

/** What the services ask of the loop that keeps the pools, and tell it. */
export interface Pools {
  /** The pools of an environment, the one all runs share first. */
  pools(environment: string): readonly PoolView[];
  environmentChanged(environment: Environment): void;
  environmentDeleted(name: string): void;
  /** At least so many replicas are to be started, asked for or not. */
  warmUp(environment: string, replicas: number): void;
  /** The addresses of live routers, the one heard of most recently first. */
  routers(): readonly string[];
}
