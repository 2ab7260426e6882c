import type { AttemptEnd } from "@hearth/router/core";

/** Whether the task itself, and nothing around it, is what ended an attempt that was not cancelled. */
export function isTasksOwn({ outcome, reason, neighbours }: AttemptEnd): boolean {
  return outcome === "failed" || outcome === "timed_out" || (reason === "RUNNER_CRASHED" && neighbours === 0);
}
