import type { TaskFailure } from "./registry.ts";

/** How an execution ended that has no result. */
export type FailedOutcome = "failed" | "timed_out" | "cancelled" | "lost";

/** An execution ended without a result. */
export class TaskError extends Error {
  override readonly name: string = "TaskError";
  readonly outcome: FailedOutcome;
  /** The registered reason, such as TASK_FAILED or RUNNER_CRASHED. */
  readonly reason: string;
  /** The class of the exception the task's code raised. Empty when none is behind it. */
  readonly exceptionType: string;
  /** The traceback where it was raised, as its language prints it. Empty when none is behind it. */
  readonly traceback: string;

  constructor(outcome: FailedOutcome, failure: TaskFailure) {
    const { exceptionType = "", traceback = "" } = failure;
    const what = exceptionType === "" ? failure.reason : `${failure.reason}: ${exceptionType}`;
    super(`${what}: ${failure.message}${traceback === "" ? "" : `\n\nRemote traceback:\n${traceback}`}`);
    this.outcome = outcome;
    this.reason = failure.reason;
    this.exceptionType = exceptionType;
    this.traceback = traceback;
  }
}

/** A timeout or deadline ended it; `reason` is ATTEMPT_TIMED_OUT, QUEUE_TIMED_OUT or DEADLINE_EXCEEDED. */
export class TaskTimeoutError extends TaskError {
  override readonly name = "TaskTimeoutError";
}

/** Somebody asked for it to end. */
export class TaskCancelledError extends TaskError {
  override readonly name = "TaskCancelledError";
}

/** The error of the class that the outcome has. */
export function toTaskError(outcome: FailedOutcome, failure: TaskFailure): TaskError {
  switch (outcome) {
    case "timed_out":
      return new TaskTimeoutError(outcome, failure);
    case "cancelled":
      return new TaskCancelledError(outcome, failure);
    case "failed":
    case "lost":
      return new TaskError(outcome, failure);
  }
}
