import { create, fromJson, type JsonValue } from "@bufbuild/protobuf";
import { ExecutionRequestSchema, RetryPolicySchema, ReusePolicySchema, type ExecutionRequest } from "@hearth/proto";
import { newId } from "@hearth/ids";
import type { TraceContext } from "@hearth/telemetry";
import { optionsOfCall } from "../task/call-options.ts";
import type { AnyFunction, Task } from "../task/task.ts";

/** A request made now to run the task, without arguments, and with an id of its own, so that sending it twice runs it once. */
export function toRequest<F extends AnyFunction>(task: Task<F>, trace: TraceContext): ExecutionRequest {
  const nowMs = Date.now();
  const { policy, retryPolicy, ...options } = optionsOfCall(task.callOptions, nowMs);
  return create(ExecutionRequestSchema, {
    executionId: newId(nowMs),
    environment: task.environmentName,
    task: task.taskName,
    traceparent: trace.traceparent,
    tracestate: trace.tracestate,
    unsampled: trace.unsampled,
    ...options,
    ...(policy !== undefined && { policyOverride: fromJson(ReusePolicySchema, policy as JsonValue) }),
    ...(retryPolicy !== undefined && { retryPolicy: fromJson(RetryPolicySchema, retryPolicy as JsonValue) }),
  });
}
