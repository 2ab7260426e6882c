import { create } from "@bufbuild/protobuf";
import { HearthError } from "@hearth/errors";
import {
  ExecuteStreamResponseSchema,
  ExecutionRequestSchema,
  ExecutionService,
  type ExecuteStreamResponse,
  type ExecutionEnd,
  type ExecutionRequest,
} from "@hearth/proto";
import { FrameOutbox, service, type MountedService } from "@hearth/rpc";
import { toExecution } from "../io/translate.ts";
import type { Executions } from "../loops/run-executions.ts";

/** What callers may ask of a router. */
export function executionService(executions: Executions): MountedService {
  return service(ExecutionService, {
    async execute({ execution }, context) {
      const end = Promise.withResolvers<ExecutionEnd>();
      const request = required(execution, context.header("traceparent"));
      const { executionId } = executions.submit(request, end.resolve);
      // A caller that named its request may come back for it; for any other nobody is left to take the result.
      if (request.executionId === "" && request.idempotencyKey === "") {
        const cancel = (): unknown => executions.handle({ kind: "cancelRequested", executionId });
        context.signal.addEventListener("abort", cancel, { once: true });
      }
      return { end: await end.promise };
    },

    async submit({ execution }, context) {
      const { executionId, durable } = executions.submit(required(execution, context.header("traceparent")));
      await durable;
      return { executionId };
    },

    getExecution({ executionId }) {
      return Promise.resolve({ execution: toExecution(executions.get(executionId)) });
    },

    async *watchExecution({ executionId }, context) {
      const execution = executions.get(executionId);
      let changed = Promise.withResolvers<void>();
      const unwatch = executions.watch(executionId, () => changed.resolve());
      context.signal.addEventListener("abort", () => changed.resolve(), { once: true });
      try {
        while (!context.signal.aborted) {
          changed = Promise.withResolvers<void>();
          yield { execution: toExecution(execution) };
          if (execution.state.kind === "ended") return;
          await changed.promise;
        }
      } finally {
        unwatch();
      }
    },

    cancelExecution({ executionId }) {
      executions.cancel(executionId);
      return Promise.resolve({});
    },

    async *executeStream(frames, context) {
      const outbox = new FrameOutbox<ExecuteStreamResponse>(() => create(ExecuteStreamResponseSchema));
      let open = 0;
      let read = false;
      const ended = (end: ExecutionEnd): void => {
        outbox.frame(end.result?.inline.length).ends.push(end);
        open -= 1;
        if (read && open === 0) outbox.end();
      };
      const readAll = async (): Promise<void> => {
        for await (const { executions: requests } of frames) {
          for (const request of requests) {
            open += 1;
            if (!trySubmit(executions, request, ended, outbox)) open -= 1;
          }
        }
        read = true;
        if (open === 0) outbox.end();
      };
      context.signal.addEventListener("abort", () => outbox.end(), { once: true });
      // A stream that breaks leaves its executions running: a caller that comes back asks again by their ids.
      readAll().catch(() => outbox.end());
      yield* outbox;
    },
  });
}

/** Accepts an execution of a stream; false when it was refused, which the caller then is told. */
function trySubmit(
  executions: Executions,
  request: ExecutionRequest,
  ended: (end: ExecutionEnd) => void,
  outbox: FrameOutbox<ExecuteStreamResponse>,
): boolean {
  try {
    if (request.executionId === "")
      throw new HearthError("INVALID_EXECUTION", "An execution of a stream needs an executionId.");
    executions.submit(request, ended);
    return true;
  } catch (error) {
    if (!(error instanceof HearthError)) throw error;
    outbox.frame().rejections.push({
      $typeName: "hearth.v1.ExecutionRejection",
      executionId: request.executionId,
      failure: {
        $typeName: "hearth.v1.Failure",
        reason: error.reason,
        message: error.message,
        exceptionType: "",
        traceback: "",
      },
      retryAfterMs: Number(error.metadata["retryAfterMs"] ?? 0),
    });
    return false;
  }
}

/** The execution of a request; the trace context of the call's own headers counts when the message has none. */
function required(execution: ExecutionRequest | undefined, traceparent: string | undefined): ExecutionRequest {
  if (execution === undefined) throw new HearthError("INVALID_EXECUTION", "execution is missing. Say what to run.");
  if (execution.traceparent !== "" || traceparent === undefined) return execution;
  return create(ExecutionRequestSchema, { ...execution, traceparent });
}
