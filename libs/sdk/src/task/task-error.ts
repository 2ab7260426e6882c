import type { TaskFailure } from "./registry.ts";

/** An execution ended without a result. */
export class TaskError extends Error {
  override readonly name = "TaskError";
  /** The registered reason, such as TASK_FAILED or RUNNER_CRASHED. */
  readonly reason: string;
  /** The class of the exception the task's code raised. Empty when none is behind it. */
  readonly exceptionType: string;
  /** The traceback where it was raised, as its language prints it. Empty when none is behind it. */
  readonly traceback: string;

  constructor(failure: TaskFailure) {
    const { exceptionType = "", traceback = "" } = failure;
    const what = exceptionType === "" ? failure.reason : `${failure.reason}: ${exceptionType}`;
    super(`${what}: ${failure.message}${traceback === "" ? "" : `\n\nRemote traceback:\n${traceback}`}`);
    this.reason = failure.reason;
    this.exceptionType = exceptionType;
    this.traceback = traceback;
  }
}
