import type { AttemptEnd } from "./execution.ts";

/** Attempts an execution may lose to the infrastructure before it ends as lost. */
export const lostAttemptsMax = 3;

export type AfterAttempt = { readonly kind: "end" } | { readonly kind: "retry"; readonly waitReason: string };

/**
 * What follows an attempt's end. Only attempts that were lost with their replica are made again: the task itself did
 * nothing wrong. A crash of the runner is not, because the task may be what crashed it.
 *
 * @param lostBefore attempts of this execution that were lost earlier
 */
export function decideAfterAttempt(end: AttemptEnd, lostBefore: number): AfterAttempt {
  if (end.outcome !== "lost" || end.reason === "RUNNER_CRASHED") return { kind: "end" };
  if (lostBefore + 1 >= lostAttemptsMax) return { kind: "end" };
  return { kind: "retry", waitReason: `attempt ${lostBefore + 1} was lost: ${end.message}` };
}
