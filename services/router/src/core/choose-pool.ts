/** What decides which pool an execution waits in. */
export interface PoolSnapshot {
  readonly environment: string;
  readonly runId: string;
  readonly scope: "global" | "run";
  /** A name for the policy that the caller asked for instead of the environment's; empty when there is none. */
  readonly policyOverride: string;
}

/** The pool's name: the environment's, or that and a variant after a slash. */
export function choosePool(snapshot: PoolSnapshot): string {
  if (snapshot.policyOverride !== "") return `${snapshot.environment}/policy-${snapshot.policyOverride}`;
  if (snapshot.scope === "run") return `${snapshot.environment}/run-${snapshot.runId}`;
  return snapshot.environment;
}
