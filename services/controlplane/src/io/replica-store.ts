import type { Policy } from "@hearth/policy";
import type { Replica } from "../core/replica.ts";

/** A replica and the policy of its pool, when that is not its environment's. */
export interface StoredReplica {
  readonly replica: Replica;
  readonly policyOverride: Policy | undefined;
}

/** A replica as it was when its state last changed. */
export interface ReplicaRecord extends Replica {
  readonly idleSinceMs: number | undefined;
  readonly executions: number;
}

/** Replicas that were ever started. What their agents announce is not kept: they say it again. */
export interface ReplicaStore {
  put(stored: StoredReplica): Promise<void>;
  /** Those that have not ended, the first created first. */
  listLive(): Promise<readonly StoredReplica[]>;
  /** The newest replicas of an environment, ended ones among them, newest first. */
  listRecent(environment: string, limit: number): Promise<readonly ReplicaRecord[]>;
}
