import type { Attempt, AttemptEnd } from "./execution.ts";

/** Attempts an execution may lose with their replicas before it ends as lost. */
export const lostAttemptsMax = 10;

/** Runners that may die under an execution and others before it is tried alone, which tells whether it is the cause. */
export const sharedDeathsMax = 3;

export type AfterAttempt =
  | { readonly kind: "end" }
  /** `alone`: in a fresh replica of its own. */
  | { readonly kind: "retry"; readonly alone: boolean; readonly waitReason: string };

/** What is known when an attempt has ended. */
export interface AttemptHistory {
  readonly end: AttemptEnd;
  /** The attempts before it. */
  readonly earlier: readonly Attempt[];
  /** Whether the policy gives an execution that ran out of memory alone a fresh replica of its own, once. */
  readonly isolateOutOfMemory: boolean;
  /** Whether the attempt already was in a replica of its own for that, or to find the cause. */
  readonly alone: boolean;
}

/**
 * What follows an attempt's end. Only attempts that were lost are made again; a task's own failure is a result.
 *
 * - Lost with its replica: the task did nothing wrong; again, up to `lostAttemptsMax` attempts.
 * - Its runner died under it and others: any of them may be the cause, so none is blamed; again elsewhere, which uses up
 *   nothing. After `sharedDeathsMax` of these it is tried in a replica of its own.
 * - Its runner died under it alone: it is the cause, and the end; but for running out of memory, which a policy may answer
 *   with one attempt in a fresh replica of its own.
 */
export function decideAfterAttempt({ end, earlier, isolateOutOfMemory, alone }: AttemptHistory): AfterAttempt {
  if (end.outcome !== "lost") return { kind: "end" };
  if (!isRunnerDeath(end)) {
    const lost = 1 + earlier.filter((attempt) => attempt.end?.outcome === "lost" && !isRunnerDeath(attempt.end)).length;
    if (lost >= lostAttemptsMax) return { kind: "end" };
    return { kind: "retry", alone, waitReason: `attempt ${earlier.length + 1} was lost: ${end.message}` };
  }
  if (end.neighbours > 0) {
    const shared = 1 + earlier.filter((attempt) => (attempt.end?.neighbours ?? 0) > 0).length;
    const others = `${end.neighbours} other attempt${end.neighbours === 1 ? "" : "s"}`;
    const waitReason = `its runner died while it had ${others} too (${end.reason})`;
    return { kind: "retry", alone: alone || shared >= sharedDeathsMax, waitReason };
  }
  if (end.reason === "OUT_OF_MEMORY" && isolateOutOfMemory && !alone) {
    return { kind: "retry", alone: true, waitReason: "it ran out of memory and gets a fresh replica of its own" };
  }
  return { kind: "end" };
}

function isRunnerDeath({ reason }: AttemptEnd): boolean {
  return reason === "OUT_OF_MEMORY" || reason === "RUNNER_CRASHED";
}
