import { NumberedMap } from "@hearth/passing-map";
import type { Frame, FrameSocket } from "@hearth/runner-protocol";
import { decodeResult } from "../payload/decode.ts";
import { encodeArguments } from "../payload/encode.ts";
import { PayloadError } from "../payload/payload-error.ts";
import { optionsOfCall, type CallOptions } from "../task/call-options.ts";
import type { CallEnd } from "../task/registry.ts";
import type { Attempt } from "./attempt.ts";

type CallEnded = Extract<Frame, { kind: "callEnded" }>;

interface OpenCall {
  readonly call: number;
  readonly attempt: Attempt;
  readonly resolve: (end: CallEnd) => void;
  readonly reject: (error: unknown) => void;
  gaveUp: boolean;
}

/** The calls of all attempts that have no answer yet. */
export class Calls {
  readonly #socket: FrameSocket;
  readonly #open = new NumberedMap<OpenCall>();
  /** The same by their attempt; none is without calls. */
  readonly #ofAttempt = new Map<Attempt, Set<OpenCall>>();
  #last = 0;

  constructor(socket: FrameSocket) {
    this.#socket = socket;
  }

  /** Asks the agent to run a task. A value that cannot be sent is a failed call. */
  async call(
    attempt: Attempt,
    request: { environment: string; task: string; args: readonly unknown[]; options: CallOptions },
  ): Promise<CallEnd> {
    if (attempt.cancelled) attempt.signal.throwIfAborted();
    if (attempt.ended) throw new Error("The attempt has ended; its code can call no task any more.");
    let body: Uint8Array;
    try {
      body = encodeArguments(request.args);
    } catch (error) {
      return refused(error);
    }
    const call = ++this.#last;
    const { environment, task, options } = request;
    const header = { call, attempt: attempt.number, environment, task, ...optionsOfCall(options, Date.now()) };
    this.#socket.send({ kind: "call", header, body });
    const { promise, resolve, reject } = Promise.withResolvers<CallEnd>();
    this.#add({ call, attempt, resolve, reject, gaveUp: false });
    attempt.parking.called();
    return promise;
  }

  ended({ header, body }: CallEnded): void {
    const open = this.#open.get(header.call);
    if (open === undefined) return;
    this.#remove(open);
    open.attempt.parking.answered({ gaveUp: open.gaveUp });
    open.resolve(toCallEnd(header, body));
  }

  /** Nobody waits for the attempt's calls any more: it was cancelled, or has ended. */
  giveUp(attempt: Attempt): void {
    for (const open of this.#ofAttempt.get(attempt) ?? []) {
      if (!open.gaveUp) {
        open.gaveUp = true;
        attempt.parking.gaveUp();
        this.#socket.send({ kind: "cancelCall", header: { call: open.call }, body: new Uint8Array() });
      }
      if (attempt.ended) this.#remove(open);
      else open.reject(attempt.signal.reason);
    }
  }

  #add(open: OpenCall): void {
    this.#open.set(open.call, open);
    const ofAttempt = this.#ofAttempt.get(open.attempt);
    if (ofAttempt === undefined) this.#ofAttempt.set(open.attempt, new Set([open]));
    else ofAttempt.add(open);
  }

  #remove(open: OpenCall): void {
    this.#open.take(open.call);
    const ofAttempt = this.#ofAttempt.get(open.attempt);
    ofAttempt?.delete(open);
    if (ofAttempt?.size === 0) this.#ofAttempt.delete(open.attempt);
  }
}

function toCallEnd(header: CallEnded["header"], body: Uint8Array): CallEnd {
  if (header.outcome !== "succeeded") {
    const failure = header.failure ?? { reason: "INTERNAL", message: "The call ended without saying why." };
    return { outcome: header.outcome, failure };
  }
  try {
    return { outcome: "succeeded", result: decodeResult(body) };
  } catch (error) {
    return refused(error);
  }
}

function refused(error: unknown): CallEnd {
  if (!(error instanceof PayloadError)) throw error;
  return { outcome: "failed", failure: { reason: error.reason, message: error.message } };
}
