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
