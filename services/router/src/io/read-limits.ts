import { durationMs } from "@bufbuild/protobuf/wkt";
import { retryPolicyFromMessage } from "@hearth/policy/wire";
import type { ExecutionRequest, Task } from "@hearth/proto";
import { noLimits, type Limits } from "../core/limits.ts";

/**
 * Fills in what the task declares where the request says nothing, and the caller's deadline when that is sooner, so that the
 * journal has what counts. `callersDeadline`: Infinity for none.
 */
export function fillLimits(request: ExecutionRequest, task: Task | undefined, callersDeadline: number): void {
  if (task?.retryPolicy !== undefined) request.retryPolicy ??= task.retryPolicy;
  if (task?.attemptTimeout !== undefined) request.attemptTimeoutMs ||= durationMs(task.attemptTimeout);
  if (task?.queueTimeout !== undefined) request.queueTimeoutMs ||= durationMs(task.queueTimeout);
  const deadline = Math.min(orNone(request.deadlineUnixMs), callersDeadline);
  if (deadline !== Infinity) request.deadlineUnixMs = deadline;
}

/** The limits of a request that has them filled in. */
export function toLimits(request: ExecutionRequest): Limits {
  const { retryPolicy, attemptTimeoutMs, queueTimeoutMs, deadlineUnixMs } = request;
  if (retryPolicy === undefined && attemptTimeoutMs === 0 && queueTimeoutMs === 0 && deadlineUnixMs === 0) {
    return noLimits;
  }
  return {
    retry: retryPolicy === undefined ? undefined : retryPolicyFromMessage(retryPolicy),
    attemptTimeoutMs: orNone(attemptTimeoutMs),
    queueTimeoutMs: orNone(queueTimeoutMs),
    deadline: orNone(deadlineUnixMs),
  };
}

function orNone(value: number): number {
  return value === 0 ? Infinity : value;
}
