import { setTimeout as delay } from "node:timers/promises";
import { create } from "@bufbuild/protobuf";
import { HearthError, isReason, type Reason } from "@hearth/errors";
import {
  ExecuteStreamRequestSchema,
  ExecutionService,
  Outcome,
  PayloadSchema,
  emptyMessage,
  type ExecuteStreamRequest,
  type ExecutionEnd,
  type ExecutionRejection,
  type ExecutionRequest,
  type Payload,
} from "@hearth/proto";
import { PassingMap } from "@hearth/passing-map";
import { inlineBytesMax } from "@hearth/payloads/bounds";
import { callStream, FrameOutbox } from "@hearth/rpc";
import { untraced } from "@hearth/telemetry";
import { decodeResult } from "../payload/decode.ts";
import { encodeArguments } from "../payload/encode.ts";
import type { AnyFunction, Task } from "../task/task.ts";
import { toTaskError, type FailedOutcome } from "../task/task-error.ts";
import { installation } from "./installation.ts";
import { payloadsOfRouters, readPayload, toPayload, type PayloadClient } from "./payloads.ts";
import { toRequest } from "./request.ts";

interface Waiting {
  readonly request: ExecutionRequest;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
  sent: boolean;
  /** Since when every router that was asked sent it elsewhere. */
  elsewhereSince: number | undefined;
}

const roundDelayMs = 200;
const roundDelayMsMax = 2_000;
/** How often a router is asked whether it is there. */
const pingMs = 5_000;
/** A stream that was open for this long did reach the router. */
const reachedAfterMs = 1_000;

const failedOutcomes: Readonly<Partial<Record<Outcome, FailedOutcome>>> = {
  [Outcome.TIMED_OUT]: "timed_out",
  [Outcome.CANCELLED]: "cancelled",
  [Outcome.LOST]: "lost",
};

/** What a router says that takes nothing any more. */
const elsewhere: ReadonlySet<Reason> = new Set(["ROUTER_DRAINING", "ROUTER_SUPERSEDED"]);
/** After which a stream is opened anew, and what has no answer is asked again. */
const streamAgain: ReadonlySet<Reason> = new Set([...elsewhere, "ANSWERS_UNREAD"]);

/**
 * Connects to the routers of the installation, or to `router` as "host:port": one, or several that take each other's place.
 * Close it, or the program stays. `unreachableAfterMs`: how long all of them may be away before whoever waits is told;
 * default 10,000.
 */
export function connect(
  options: { readonly router?: string | readonly string[]; readonly unreachableAfterMs?: number } = {},
): ExecutionClient {
  const router = options.router ?? installation().router ?? [];
  const routers = typeof router === "string" ? [router] : router;
  if (routers.length > 0) return new ExecutionClient(routers, options.unreachableAfterMs ?? 10_000);
  throw new HearthError(
    "INSTALLATION_NOT_FOUND",
    'No router is known: give connect({ router: "host:port" }), set HEARTH_ROUTER, or add "router" to the configuration.',
  );
}

/**
 * Many executions over one stream to a router. When the stream breaks or the router is going away, what has no answer is asked
 * for again under its id at the next router, and so on around. When all of them stay away for too long, it is rejected with
 * ROUTER_UNREACHABLE, though it may have been accepted.
 */
export class ExecutionClient {
  readonly #waiting = new PassingMap<string, Waiting>();
  readonly #closing = new AbortController();
  readonly #routers: readonly string[];
  readonly #unreachableAfterMs: number;
  readonly #payloads: PayloadClient;
  #outbox: FrameOutbox<ExecuteStreamRequest> | undefined;
  /** Leaves the router of the present stream. */
  #leave = new AbortController();

  constructor(routers: readonly string[], unreachableAfterMs: number) {
    this.#routers = routers;
    this.#unreachableAfterMs = unreachableAfterMs;
    this.#payloads = payloadsOfRouters(routers, unreachableAfterMs);
    void this.#keepStreaming();
  }

  /**
   * Runs a deployed task. Throws `TaskError` when it ends without a result, `HearthError` when it is refused; for
   * BACKLOG_FULL, JOURNAL_UNAVAILABLE and ROUTERS_SILENT its `metadata.retryAfterMs` says when to ask again.
   */
  execute<F extends AnyFunction>(task: Task<F>, ...args: Parameters<F>): Promise<Awaited<ReturnType<F>>> {
    if (this.#closing.signal.aborted) return Promise.reject(new Error("The client is closed."));
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    try {
      const request = toRequest(task, untraced);
      const waiting = { request, resolve, reject, sent: false, elsewhereSince: undefined };
      const bytes = encodeArguments(args);
      if (bytes.length > inlineBytesMax) void this.#storeArguments(waiting, bytes);
      else this.#ask(waiting, create(PayloadSchema, { inline: bytes }));
    } catch (error) {
      reject(error);
    }
    return promise as Promise<Awaited<ReturnType<F>>>;
  }

  /** Hangs up. Executions without an answer go on, but their answers are not heard: they reject here. */
  close(): void {
    this.#closing.abort();
    this.#leave.abort();
    this.#outbox?.end();
    this.#failAll(closed());
  }

  [Symbol.dispose](): void {
    this.close();
  }

  async #storeArguments(waiting: Waiting, bytes: Uint8Array): Promise<void> {
    try {
      const payload = await toPayload(this.#payloads, bytes);
      if (this.#closing.signal.aborted) throw closed();
      this.#ask(waiting, payload);
    } catch (error) {
      waiting.reject(error);
    }
  }

  #ask(waiting: Waiting, argumentsPayload: Payload): void {
    waiting.request.arguments = argumentsPayload;
    this.#waiting.set(waiting.request.executionId, waiting);
    this.#send(waiting);
  }

  #send(waiting: Waiting): void {
    if (this.#outbox === undefined) return;
    waiting.request.askedBefore = waiting.sent;
    waiting.sent = true;
    this.#outbox.frame(waiting.request.arguments?.inline.length ?? 0).executions.push(waiting.request);
  }

  /** One router after another, for as long as each can be heard; between two rounds a pause. */
  async #keepStreaming(): Promise<void> {
    const { signal } = this.#closing;
    let brokenSince: number | undefined;
    let pauseMs = roundDelayMs;
    for (let turn = 0; !signal.aborted; turn += 1) {
      const openedAt = performance.now();
      const heard = await this.#stream(this.#routers[turn % this.#routers.length] ?? "");
      const now = performance.now();
      if (heard || brokenSince === undefined || now - openedAt >= reachedAfterMs) brokenSince = now;
      if (now - brokenSince >= this.#unreachableAfterMs) this.#failAll(this.#unreachable());
      if ((turn + 1) % this.#routers.length !== 0) continue;
      if (now - openedAt >= reachedAfterMs) pauseMs = roundDelayMs;
      await delay(pauseMs, undefined, { signal }).catch(() => undefined);
      pauseMs = Math.min(2 * pauseMs, roundDelayMsMax);
    }
  }

  /** Streams to a router until that breaks. Returns whether it answered anything. */
  async #stream(address: string): Promise<boolean> {
    let heard = false;
    const outbox = new FrameOutbox<ExecuteStreamRequest>(() => emptyMessage(ExecuteStreamRequestSchema));
    this.#outbox = outbox;
    const leave = (this.#leave = new AbortController());
    for (const waiting of this.#waiting.values()) this.#send(waiting);
    try {
      const options = { signal: leave.signal, pingMs };
      const frames = callStream(address, ExecutionService.method.executeStream, outbox, options);
      for await (const { ends, rejections } of frames) {
        heard = true;
        ends.forEach((end) => this.#ended(end));
        rejections.forEach((rejection) => this.#rejected(rejection));
      }
    } catch (error) {
      // A refusal of the stream itself will not change by asking again; everything else is a broken connection.
      if (error instanceof HearthError && !streamAgain.has(error.reason)) this.#failAll(error);
    } finally {
      this.#outbox = undefined;
      outbox.end();
    }
    return heard;
  }

  #ended(end: ExecutionEnd): void {
    const waiting = this.#waiting.take(end.executionId);
    if (waiting === undefined) return;
    if (end.outcome !== Outcome.SUCCEEDED) {
      const failure = end.failure ?? { reason: "INTERNAL", message: "The execution ended without saying why." };
      waiting.reject(toTaskError(failedOutcomes[end.outcome] ?? "failed", failure));
      return;
    }
    if (end.result?.stored !== undefined) return void this.#fetchResult(waiting, end.result);
    try {
      waiting.resolve(decodeResult(end.result?.inline ?? new Uint8Array()));
    } catch (error) {
      waiting.reject(error);
    }
  }

  async #fetchResult(waiting: Waiting, result: Payload): Promise<void> {
    try {
      waiting.resolve(decodeResult(await readPayload(this.#payloads, result)));
    } catch (error) {
      waiting.reject(error);
    }
  }

  #rejected({ executionId, failure, retryAfterMs }: ExecutionRejection): void {
    const waiting = this.#waiting.get(executionId);
    if (waiting === undefined) return;
    const reason = isReason(failure?.reason ?? "") ? (failure?.reason as Reason) : "INTERNAL";
    if (elsewhere.has(reason)) {
      waiting.elsewhereSince ??= performance.now();
      this.#leave.abort();
      if (performance.now() - waiting.elsewhereSince < this.#unreachableAfterMs) return;
    }
    const message = failure?.message ?? "The router refused the execution.";
    this.#waiting.take(executionId);
    waiting.reject(new HearthError(reason, message, { retryAfterMs: String(retryAfterMs) }));
  }

  #unreachable(): HearthError {
    const where = this.#routers.join(", ");
    const message = `No router answers at ${where}. Start Hearth, or correct HEARTH_ROUTER or the configuration.`;
    return new HearthError("ROUTER_UNREACHABLE", message);
  }

  #failAll(error: Error): void {
    for (const executionId of this.#waiting.keys()) this.#waiting.take(executionId)?.reject(error);
  }
}

function closed(): Error {
  return new Error("The client was closed before the execution ended.");
}
