import { backoffBefore, type RetryPolicy } from "@hearth/policy";
import type { Attempt, AttemptEnd } from "./execution.ts";
import { seconds } from "./limits.ts";

/** Attempts an execution may lose with their replicas before it ends as lost. */
export const lostAttemptsMax = 10;

/** Runners that may die under an execution and others before it is tried alone, which tells whether it is the cause. */
export const sharedDeathsMax = 3;

/** A failure's own words in a reason to wait. */
const messageLengthMax = 200;

export type AfterAttempt =
  | { readonly kind: "end" }
  /** `alone`: in a fresh replica of its own. */
  | { readonly kind: "retry"; readonly alone: boolean; readonly waitReason: string }
  /** As its retry policy says. `waitReason`: until then, and after it. */
  | { readonly kind: "backOff"; readonly delayMs: number; readonly waitReason: readonly [string, string] };

/** What is known when an attempt has ended. */
export interface AttemptHistory {
  readonly end: AttemptEnd;
  /** The attempts before it. */
  readonly earlier: readonly Attempt[];
  /** Whether the policy gives an execution that ran out of memory alone a fresh replica of its own, once. */
  readonly isolateOutOfMemory: boolean;
  /** Whether the attempt already was in a replica of its own for that, or to find the cause. */
  readonly alone: boolean;
  /** Whether somebody asked for its end. */
  readonly isCancelled: boolean;
  /** What its user wants to be tried again. */
  readonly retry: RetryPolicy | undefined;
}

/**
 * What follows an attempt's end. Attempts that were lost through no fault of the task are made again in any case:
 *
 * - Lost with its replica: the task did nothing wrong; again, up to `lostAttemptsMax` attempts.
 * - Its runner died under it and others: any of them may be the cause, so none is blamed; again elsewhere, which uses up
 *   nothing. After `sharedDeathsMax` of these it is tried in a replica of its own.
 * - Its runner died under it alone for lack of memory: a policy may answer with one attempt in a fresh replica of its own.
 *
 * A failure, a timeout, or the death of a runner that it had to itself is the task's own: its retry policy decides. What was
 * cancelled, or whose deadline has passed, is not tried again.
 */
export function decideAfterAttempt(history: AttemptHistory): AfterAttempt {
  const { end, earlier, isolateOutOfMemory, alone, isCancelled } = history;
  if (isCancelled) return { kind: "end" };
  if (isReplicaLoss(end)) {
    const lost = 1 + earlier.filter((attempt) => attempt.end !== undefined && isReplicaLoss(attempt.end)).length;
    if (lost >= lostAttemptsMax) return { kind: "end" };
    return { kind: "retry", alone, waitReason: `attempt ${earlier.length + 1} was lost: ${end.message}` };
  }
  if (isRunnerDeath(end) && end.neighbours > 0) {
    const shared = 1 + earlier.filter((attempt) => (attempt.end?.neighbours ?? 0) > 0).length;
    const others = `${end.neighbours} other attempt${end.neighbours === 1 ? "" : "s"}`;
    const waitReason = `its runner died while it had ${others} too (${end.reason})`;
    return { kind: "retry", alone: alone || shared >= sharedDeathsMax, waitReason };
  }
  if (end.reason === "OUT_OF_MEMORY" && isRunnerDeath(end) && isolateOutOfMemory && !alone) {
    return { kind: "retry", alone: true, waitReason: "it ran out of memory and gets a fresh replica of its own" };
  }
  return decideByPolicy(history);
}

function decideByPolicy({ end, earlier, retry, alone, isolateOutOfMemory }: AttemptHistory): AfterAttempt {
  if (retry === undefined || !isTasksOwn(end) || !matches(retry, end)) return { kind: "end" };
  const own = earlier.filter((attempt) => attempt.end !== undefined && isTasksOwn(attempt.end));
  // The one that the fresh replica of its own was the answer to.
  const isIsolated = isolateOutOfMemory && alone && own.some((attempt) => attempt.end?.reason === "OUT_OF_MEMORY");
  const used = own.length - (isIsolated ? 1 : 0);
  if (used >= retry.retries) return { kind: "end" };
  const delayMs = backoffBefore(used + 1, retry);
  const next = `attempt ${earlier.length + 2} of ${1 + retry.retries + earlier.length - used}`;
  const why = `after ${end.reason}: ${shorten(end.message)}`;
  const waitReason = [`${next} in ${seconds(delayMs)}, ${why}`, `${next}, ${why}`] as const;
  return { kind: "backOff", delayMs, waitReason };
}

function isReplicaLoss(end: AttemptEnd): boolean {
  return end.outcome === "lost" && !isRunnerDeath(end);
}

function isRunnerDeath({ outcome, reason }: AttemptEnd): boolean {
  return outcome === "lost" && (reason === "OUT_OF_MEMORY" || reason === "RUNNER_CRASHED");
}

/** Whether the task, and neither Hearth nor anybody who asked for its end, is what ended the attempt. */
function isTasksOwn(end: AttemptEnd): boolean {
  switch (end.outcome) {
    case "failed":
      return true;
    case "timed_out":
      return end.reason !== "DEADLINE_EXCEEDED";
    case "lost":
      return isRunnerDeath(end) && end.neighbours === 0;
    case "succeeded":
    case "cancelled":
      return false;
  }
}

function matches({ retryOn }: RetryPolicy, { reason, exceptionType = "" }: AttemptEnd): boolean {
  return retryOn.length === 0 || retryOn.includes(reason) || (exceptionType !== "" && retryOn.includes(exceptionType));
}

function shorten(message: string): string {
  return message.length > messageLengthMax ? `${message.slice(0, messageLengthMax)}...` : message;
}
