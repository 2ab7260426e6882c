import { Backlog } from "./backlog.ts";
import type { Execution } from "./execution.ts";
import type { Replica } from "./replica.ts";

/** One pool as this router sees it. */
export interface Pool {
  readonly name: string;
  readonly environment: string;
  readonly backlog: Backlog<Execution>;
  readonly replicas: Set<Replica>;
  /** Attempts this router has dispatched here that have not ended. */
  busy: number;
  /** The caller's own policy, carried along unread, when the pool has one. */
  policyOverride: unknown;
}

export function newPool(name: string, environment: string, policyOverride: unknown): Pool {
  return { name, environment, backlog: new Backlog(), replicas: new Set(), busy: 0, policyOverride };
}
