import { create, fromJson, type JsonValue } from "@bufbuild/protobuf";
import { ExecutionRequestSchema, ReusePolicySchema, type ExecutionRequest } from "@hearth/proto";
import { newId } from "@hearth/ids";
import { encodeArguments } from "../payload/encode.ts";
import type { AnyFunction, Task } from "../task/task.ts";

/** A request to run the task with an id of its own, so that sending it twice runs it once. Throws `PayloadError`. */
export function toRequest<F extends AnyFunction>(
  task: Task<F>,
  args: readonly unknown[],
  trace: { readonly traceparent: string; readonly tracestate: string },
): ExecutionRequest {
  const { policy, ...options } = task.callOptions;
  return create(ExecutionRequestSchema, {
    executionId: newId(Date.now()),
    environment: task.environmentName,
    task: task.taskName,
    arguments: { inline: encodeArguments(args) },
    traceparent: trace.traceparent,
    tracestate: trace.tracestate,
    ...options,
    ...(policy !== undefined && { policyOverride: fromJson(ReusePolicySchema, policy as JsonValue) }),
  });
}
