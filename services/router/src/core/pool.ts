import { Backlog } from "./backlog.ts";
import type { Execution, ExecutionState } from "./execution.ts";
import { FreeReplicas } from "./free-replicas.ts";
import type { Replica } from "./replica.ts";

/** One pool as this router sees it. */
export interface Pool {
  readonly name: string;
  readonly environment: string;
  readonly backlog: Backlog<Execution>;
  readonly replicas: Set<Replica>;
  /** Those that executions may be sent to: ready, attached, of the current version. */
  readonly usable: Set<Replica>;
  /** Of these, the ones with a free slot. */
  readonly free: FreeReplicas;
  /** Executions that wait until their next attempt may be made. */
  readonly resting: Set<Execution>;
  /** Attempts this router has dispatched here that have not ended. */
  busy: number;
  /** The caller's own policy, carried along unread, when the pool has one. */
  policyOverride: unknown;
  /** How the one that came last waits. */
  lastWait: Extract<ExecutionState, { kind: "queued" }>;
  /** Why executions wait here, until something about the replicas changes. */
  waitReason: string | undefined;
}

export function newPool(name: string, environment: string, policyOverride: unknown): Pool {
  return {
    ...{ name, environment, policyOverride },
    ...{ backlog: new Backlog(), replicas: new Set(), usable: new Set(), free: new FreeReplicas() },
    ...{ resting: new Set(), busy: 0, waitReason: undefined },
    lastWait: { kind: "queued", since: -Infinity, waitReason: "" },
  };
}
