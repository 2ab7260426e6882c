import { setTimeout as delay } from "node:timers/promises";
import { HearthError, isReason } from "@hearth/errors";
import {
  ExecutionService,
  Outcome,
  type ExecutionEnd,
  type ExecutionRejection,
  type ExecutionRequest,
} from "@hearth/proto";
import { createClient, FrameOutbox, openChannel, type RpcClient } from "@hearth/rpc";
import { decodeResult } from "../payload/decode.ts";
import type { AnyFunction, Task } from "../task/task.ts";
import { TaskError } from "../task/task-error.ts";
import { installation } from "./installation.ts";
import { toRequest } from "./request.ts";

type Frame = { readonly executions: ExecutionRequest[] };

interface Waiting {
  readonly request: ExecutionRequest;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

const reconnectDelayMs = 200;
const untraced = { traceparent: "", tracestate: "" };

/** Connects to a router: that of the installation, or `router` as "host:port". Close it, or the program stays. */
export function connect(options: { readonly router?: string } = {}): ExecutionClient {
  const router = options.router ?? installation().router;
  if (router === undefined) {
    throw new Error(
      'No router is known: give connect({ router: "host:port" }), set HEARTH_ROUTER, or add "router" to the configuration.',
    );
  }
  return new ExecutionClient(router);
}

/** Many executions over one stream to a router. When the stream breaks, what has no answer is sent again under its id. */
export class ExecutionClient {
  readonly #waiting = new Map<string, Waiting>();
  readonly #closing = new AbortController();
  #outbox: FrameOutbox<Frame> | undefined;

  constructor(router: string) {
    const channel = openChannel(router);
    void this.#keepStreaming(createClient(ExecutionService, channel)).finally(() => channel.close());
  }

  /** Runs a deployed task. Throws `TaskError` when it ends without a result, `HearthError` when it is refused. */
  execute<F extends AnyFunction>(task: Task<F>, ...args: Parameters<F>): Promise<Awaited<ReturnType<F>>> {
    if (this.#closing.signal.aborted) return Promise.reject(new Error("The client is closed."));
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    try {
      const request = toRequest(task, args, untraced);
      this.#waiting.set(request.executionId, { request, resolve, reject });
      this.#send(request);
    } catch (error) {
      reject(error);
    }
    return promise as Promise<Awaited<ReturnType<F>>>;
  }

  /** Hangs up. Executions without an answer go on, but their answers are not heard: they reject here. */
  close(): void {
    this.#closing.abort();
    this.#outbox?.end();
    this.#waiting.forEach(({ reject }) => reject(new Error("The client was closed before the execution ended.")));
    this.#waiting.clear();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #send(request: ExecutionRequest): void {
    this.#outbox?.frame(request.arguments?.inline.length ?? 0).executions.push(request);
  }

  async #keepStreaming(router: RpcClient<typeof ExecutionService>): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      const outbox = new FrameOutbox<Frame>(() => ({ executions: [] }));
      this.#outbox = outbox;
      this.#waiting.forEach(({ request }) => this.#send(request));
      try {
        for await (const { ends, rejections } of router.executeStream(outbox, { signal })) {
          ends.forEach((end) => this.#ended(end));
          rejections.forEach((rejection) => this.#rejected(rejection));
        }
      } catch (error) {
        // A refusal of the stream itself will not change by asking again; everything else is a broken connection.
        if (error instanceof HearthError && error.reason !== "ROUTER_DRAINING") this.#failAll(error);
      }
      outbox.end();
      await delay(reconnectDelayMs, undefined, { signal }).catch(() => undefined);
    }
  }

  #ended(end: ExecutionEnd): void {
    const waiting = this.#take(end.executionId);
    if (waiting === undefined) return;
    if (end.outcome !== Outcome.SUCCEEDED) {
      const failure = end.failure ?? { reason: "INTERNAL", message: "The execution ended without saying why." };
      waiting.reject(new TaskError(failure));
      return;
    }
    try {
      waiting.resolve(decodeResult(end.result?.inline ?? new Uint8Array()));
    } catch (error) {
      waiting.reject(error);
    }
  }

  #rejected({ executionId, failure, retryAfterMs }: ExecutionRejection): void {
    const reason = failure?.reason ?? "";
    const message = failure?.message ?? "The router refused the execution.";
    const metadata = { retryAfterMs: String(retryAfterMs) };
    this.#take(executionId)?.reject(new HearthError(isReason(reason) ? reason : "INTERNAL", message, metadata));
  }

  #failAll(error: Error): void {
    this.#waiting.forEach(({ reject }) => reject(error));
    this.#waiting.clear();
  }

  #take(executionId: string): Waiting | undefined {
    const waiting = this.#waiting.get(executionId);
    this.#waiting.delete(executionId);
    return waiting;
  }
}
