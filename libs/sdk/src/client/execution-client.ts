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
/** A stream that was open for this long did reach the router. */
const reachedAfterMs = 1_000;
const untraced = { traceparent: "", tracestate: "" };

/**
 * Connects to a router: that of the installation, or `router` as "host:port". Close it, or the program stays.
 * `unreachableAfterMs`: how long the router may be away before whoever waits is told; default 10,000.
 */
export function connect(
  options: { readonly router?: string; readonly unreachableAfterMs?: number } = {},
): ExecutionClient {
  const router = options.router ?? installation().router;
  if (router === undefined) {
    throw new HearthError(
      "INSTALLATION_NOT_FOUND",
      'No router is known: give connect({ router: "host:port" }), set HEARTH_ROUTER, or add "router" to the configuration.',
    );
  }
  return new ExecutionClient(router, options.unreachableAfterMs ?? 10_000);
}

/**
 * Many executions over one stream to a router. When the stream breaks, what has no answer is sent again under its id; when
 * the router stays away for too long, it is rejected with ROUTER_UNREACHABLE, though it may have been accepted.
 */
export class ExecutionClient {
  readonly #waiting = new Map<string, Waiting>();
  readonly #closing = new AbortController();
  readonly #address: string;
  readonly #unreachableAfterMs: number;
  #outbox: FrameOutbox<Frame> | undefined;

  constructor(router: string, unreachableAfterMs: number) {
    this.#unreachableAfterMs = unreachableAfterMs;
    this.#address = router;
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
    let brokenSince: number | undefined;
    while (!signal.aborted) {
      const openedAt = performance.now();
      const outbox = new FrameOutbox<Frame>(() => ({ executions: [] }));
      this.#outbox = outbox;
      this.#waiting.forEach(({ request }) => this.#send(request));
      try {
        for await (const { ends, rejections } of router.executeStream(outbox, { signal })) {
          brokenSince = undefined;
          ends.forEach((end) => this.#ended(end));
          rejections.forEach((rejection) => this.#rejected(rejection));
        }
      } catch (error) {
        // A refusal of the stream itself will not change by asking again; everything else is a broken connection.
        if (error instanceof HearthError && error.reason !== "ROUTER_DRAINING") this.#failAll(error);
      }
      const now = performance.now();
      if (brokenSince === undefined || now - openedAt >= reachedAfterMs) brokenSince = now;
      if (now - brokenSince >= this.#unreachableAfterMs) {
        const message = `The router at ${this.#address} does not answer. Start Hearth, or correct the router's address.`;
        this.#failAll(new HearthError("ROUTER_UNREACHABLE", message));
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
