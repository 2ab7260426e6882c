import { create } from "@bufbuild/protobuf";
import { HearthError } from "@hearth/errors";
import {
  ExecuteStreamResponseSchema,
  ExecutionEndSchema,
  ExecutionRejectionSchema,
  ExecutionRequestSchema,
  ExecutionService,
  type ExecuteStreamResponse,
  type ExecutionEnd,
  type ExecutionRejection,
  type ExecutionRequest,
} from "@hearth/proto";
import { FrameOutbox, service, type MountedService } from "@hearth/rpc";
import { toExecution } from "../io/translate.ts";
import { endOf, type PeerRouterClients } from "../io/peer-router.ts";
import type { AcceptExecutions } from "../loops/accept-executions.ts";
import type { LocateExecutions } from "../loops/locate-executions.ts";
import type { Executions } from "../loops/run-executions.ts";

export interface ExecutionServiceOptions {
  readonly executions: Executions;
  readonly accepting: AcceptExecutions;
  readonly located: LocateExecutions;
  readonly peers: PeerRouterClients;
}

/** What callers may ask of a router. */
export function executionService({ executions, accepting, located, peers }: ExecutionServiceOptions): MountedService {
  /** The address of the router that has the execution. Undefined: this one, or none, as `executions` then says. */
  const elsewhere = async (executionId: string, onlyHere: boolean): Promise<string | undefined> => {
    if (onlyHere || executions.knows(executionId)) return undefined;
    const place = await located.find(executionId);
    return place?.kind === "there" ? place.address : undefined;
  };
  return service(ExecutionService, {
    async execute({ execution }, context) {
      const end = Promise.withResolvers<ExecutionEnd>();
      const request = required(execution, context.header("traceparent"));
      const { executionId } = await accepting.submit(request, end.resolve);
      // A caller that named its request may come back for it; for any other nobody is left to take the result.
      if (request.executionId === "" && request.idempotencyKey === "") {
        const cancel = (): unknown => executions.handle({ kind: "cancelRequested", executionId });
        context.signal.addEventListener("abort", cancel, { once: true });
      }
      return { end: await end.promise };
    },

    async submit({ execution }, context) {
      const { executionId, durable } = await accepting.submit(required(execution, context.header("traceparent")));
      await durable;
      return { executionId };
    },

    async getExecution({ executionId, onlyHere }) {
      const address = await elsewhere(executionId, onlyHere);
      const execution = address === undefined ? undefined : await peers.get(address, executionId);
      return { execution: execution ?? toExecution(executions.get(executionId)) };
    },

    async *watchExecution({ executionId, onlyHere }, context) {
      for (;;) {
        const address = await elsewhere(executionId, onlyHere);
        if (address === undefined) break;
        try {
          for await (const execution of peers.watch(address, executionId, context.signal)) {
            yield { execution };
            if (endOf(execution) !== undefined) return;
          }
        } catch {
          // That router went; another one has the execution, or will.
        }
        if (context.signal.aborted) return;
      }
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

    async cancelExecution({ executionId, onlyHere }) {
      const address = await elsewhere(executionId, onlyHere);
      if (address === undefined) executions.cancel(executionId);
      else await peers.cancel(address, executionId);
      return {};
    },

    async *executeStream(frames, context) {
      const outbox = new FrameOutbox<ExecuteStreamResponse>(() => create(ExecuteStreamResponseSchema));
      let open = 0;
      let read = false;
      const ended = (end: ExecutionEnd, askedAs: string): void => {
        // A key may stand for an execution of another id; the caller knows it by the one it gave.
        const answer = end.executionId === askedAs ? end : create(ExecutionEndSchema, { ...end, executionId: askedAs });
        outbox.frame(end.result?.inline.length).ends.push(answer);
        closed();
      };
      const closed = (): void => {
        open -= 1;
        if (read && open === 0) outbox.end();
      };
      const readAll = async (): Promise<void> => {
        for await (const { executions: requests } of frames) {
          for (const request of requests) {
            open += 1;
            const rejected = (error: HearthError): void => {
              outbox.frame().rejections.push(toRejection(request.executionId, error));
              closed();
            };
            trySubmit(accepting, request, (end) => ended(end, request.executionId), rejected);
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

/** Accepts an execution of a stream, or says why not. Only where other routers have to be asked does that take a while. */
function trySubmit(
  accepting: AcceptExecutions,
  request: ExecutionRequest,
  ended: (end: ExecutionEnd) => void,
  rejected: (error: HearthError) => void,
): void {
  const refuse = (error: unknown): void => {
    if (!(error instanceof HearthError)) throw error;
    rejected(error);
  };
  try {
    if (request.executionId === "")
      throw new HearthError("INVALID_EXECUTION", "An execution of a stream needs an executionId.");
    const accepted = accepting.submit(request, ended);
    if (accepted instanceof Promise) accepted.catch(refuse);
  } catch (error) {
    refuse(error);
  }
}

function toRejection(executionId: string, { reason, message, metadata }: HearthError): ExecutionRejection {
  return create(ExecutionRejectionSchema, {
    executionId,
    failure: { reason, message },
    retryAfterMs: Number(metadata["retryAfterMs"] ?? 0),
  });
}

/** The execution of a request; the trace context of the call's own headers counts when the message has none. */
function required(execution: ExecutionRequest | undefined, traceparent: string | undefined): ExecutionRequest {
  if (execution === undefined) throw new HearthError("INVALID_EXECUTION", "execution is missing. Say what to run.");
  if (execution.traceparent !== "" || traceparent === undefined) return execution;
  return create(ExecutionRequestSchema, { ...execution, traceparent });
}
