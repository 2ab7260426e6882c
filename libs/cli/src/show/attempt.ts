import type { Attempt } from "@hearth/proto";
import { showDuration } from "./times.ts";

/** Whether an attempt found its replica warm. */
export function showStart(attempt: Attempt): "warm" | "cold" {
  return attempt.cold ? "cold" : "warm";
}

/** An attempt in one line: "1, warm, waited 12 ms (all 8 slots busy), replica r-1, TASK_FAILED: ValueError: no such city". */
export function attemptLine(attempt: Attempt): string {
  const why = attempt.waitReason === "" ? "" : ` (${attempt.waitReason})`;
  const waited = `waited ${showDuration(attempt.waitedMs)}${why}`;
  const cause = attemptCause(attempt);
  const line = `${attempt.number}, ${showStart(attempt)}, ${waited}, replica ${attempt.replicaId}`;
  return cause === "" ? line : `${line}, ${cause}`;
}

/** Why an attempt did not succeed, in one line: the reason, and what the task's code raised. Empty when nothing says. */
export function attemptCause({ failure }: Attempt): string {
  if (failure === undefined) return "";
  const [firstLine = ""] = failure.message.split("\n");
  return [failure.reason, failure.exceptionType, firstLine].filter((part) => part !== "").join(": ");
}
