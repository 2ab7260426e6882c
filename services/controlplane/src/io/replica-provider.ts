import type { EnvironmentSpec } from "../core/environment.ts";

/** What a new replica is to be. */
export interface ReplicaOrder {
  readonly replicaId: string;
  readonly environment: string;
  readonly pool: string;
  readonly version: string;
  /** Slots. */
  readonly concurrency: number;
  /** Whether it serves one execution and ends. */
  readonly singleUse: boolean;
  readonly spec: EnvironmentSpec;
}

/** How a replica's container ended. */
export interface ReplicaExit {
  readonly replicaId: string;
  /** Undefined when a signal ended it, or when it is not known. */
  readonly exitCode: number | undefined;
  readonly signal: string | undefined;
  /** The last lines of its output, at most 20. */
  readonly lastLines: readonly string[];
}

/** Creates and ends replicas on a substrate. Replicas live on without the control plane. */
export interface ReplicaProvider {
  /**
   * Makes ready what replicas of the spec start from, telling of every line of the build. A second time it is quick.
   * Throws a `HearthError`: IMAGE_NOT_SUPPORTED, IMAGE_BUILD_FAILED.
   */
  prepare(spec: EnvironmentSpec, onLogLine: (line: string) => void): Promise<void>;
  /** Starts a replica. Resolves once its process exists; throws when it cannot. */
  start(order: ReplicaOrder): Promise<void>;
  /**
   * Asks a replica to end and ends it by force after the grace. Resolves when it is gone; at once when it is not there.
   */
  stop(replicaId: string, graceMs: number): Promise<void>;
  /** The ids of the replicas that are there, those of an earlier control plane among them. */
  list(): Promise<readonly string[]>;
  /** Told once of every replica that ended, however it ended, from now on. */
  onExit(listener: (exit: ReplicaExit) => void): void;
  /** Lets go of the replicas without ending them. */
  close(): void;
}
