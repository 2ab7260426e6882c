import { completePolicy, type Policy, type PolicyRequest } from "@hearth/policy";

/** A policy that was stored, by an earlier release perhaps: what that did not know of yet takes its default. */
export function storedPolicy(json: string): Policy {
  const decision = completePolicy(JSON.parse(json) as PolicyRequest);
  if (decision.kind === "invalid") throw new Error(`A stored policy is invalid: ${decision.problem}`);
  return decision.policy;
}
