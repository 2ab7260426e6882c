/** What decides which pool an execution waits in. */
export interface PoolSnapshot {
  readonly environment: string;
  readonly runId: string;
  readonly scope: "global" | "run";
  /** A name for the policy that the caller asked for instead of the environment's; empty when there is none. */
  readonly policyOverride: string;
  /** Whether it is to have a fresh replica of its own. */
  readonly freshReplica: boolean;
}

/** The pool's name: the environment's, or that and a variant after a slash. */
export function choosePool(snapshot: PoolSnapshot): string {
  if (snapshot.freshReplica) return freshPoolOf(snapshot.environment);
  if (snapshot.policyOverride !== "") return `${snapshot.environment}/policy-${snapshot.policyOverride}`;
  if (snapshot.scope === "run") return `${snapshot.environment}/run-${snapshot.runId}`;
  return snapshot.environment;
}

/** The pool whose replicas serve one execution each. */
export function freshPoolOf(environment: string): string {
  return `${environment}/fresh`;
}
