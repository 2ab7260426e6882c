import {
  attemptOutputBytesMax,
  waitingOutputBytesMax,
  type Frame,
  type FrameSocket,
  type WireFailure,
} from "@hearth/runner-protocol";
import type { Current } from "../task/current.ts";
import { boundFailure } from "./bound-failure.ts";
import type { Parking } from "./parking.ts";

type ExecuteHeader = Extract<Frame, { kind: "execute" }>["header"];

const nothing = new Uint8Array();

/** One attempt in this runner: what its code may know of itself, and its one end. */
export class Attempt {
  readonly number: number;
  readonly task: string;
  readonly parking: Parking;
  readonly #header: ExecuteHeader;
  readonly #place: { readonly environment: string; readonly replicaId: string };
  readonly #socket: FrameSocket;
  #current: Current | undefined;
  /** Made when somebody asks for the signal, or for its end. */
  #abort: AbortController | undefined;
  #startedUnixMs: number | undefined;
  #ended = false;
  #printedBytes = 0;
  /** What of it was left out, and of how much the agent was told. */
  readonly #dropped = { bytes: 0, told: 0 };

  constructor(
    header: ExecuteHeader,
    options: { place: { environment: string; replicaId: string }; parking: Parking; socket: FrameSocket },
  ) {
    this.number = header.attempt;
    this.task = header.task;
    this.parking = options.parking;
    this.#header = header;
    this.#place = options.place;
    this.#socket = options.socket;
  }

  /** What its code may know of it. Made when it asks: most code never does. */
  get current(): Current {
    return (this.#current ??= toCurrent(this.#header, this.#place, this.signal));
  }

  /** Aborted when it is asked to end. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get ended(): boolean {
    return this.#ended;
  }

  get cancelled(): boolean {
    return this.#abort?.signal.aborted === true;
  }

  cancel(): void {
    this.#controller.abort(new DOMException("The execution was cancelled.", "AbortError"));
  }

  /** Its code begins. */
  started(): void {
    this.#startedUnixMs = Date.now();
  }

  get #controller(): AbortController {
    return (this.#abort ??= new AbortController());
  }

  /** The first end counts; what comes after it says nothing. */
  succeed(result: Uint8Array): void {
    this.#end({ outcome: "succeeded" }, result);
  }

  fail(failure: WireFailure): void {
    this.#end({ outcome: "failed", failure: boundFailure(failure) }, nothing);
  }

  endCancelled(): void {
    const failure = { reason: "CANCELLED", message: "The execution was cancelled." };
    this.#end({ outcome: "cancelled", failure }, nothing);
  }

  /** Sends what its code printed if there is room for it, and says whether there was. */
  log(stream: "stdout" | "stderr", text: Uint8Array): boolean {
    if (this.#ended) return false;
    this.#printedBytes += text.length;
    const waitingBytes = this.#socket.waitingOutputBytes + text.length;
    if (this.#printedBytes <= attemptOutputBytesMax && waitingBytes <= waitingOutputBytesMax) {
      this.#socket.send({ kind: "log", header: { attempt: this.number, stream }, body: text });
      return true;
    }
    this.#dropped.bytes += text.length;
    // It may go on for ever, or end at any time: the agent always knows at least half of it.
    if (this.#dropped.bytes >= 2 * this.#dropped.told) this.#tellDropped();
    return false;
  }

  #tellDropped(): void {
    const { bytes, told } = this.#dropped;
    if (bytes === told) return;
    this.#dropped.told = bytes;
    const header = { attempt: this.number, stream: "stdout", dropped: bytes } as const;
    this.#socket.send({ kind: "log", header, body: nothing });
  }

  #end(
    end: { readonly outcome: "succeeded" | "failed" | "cancelled"; readonly failure?: WireFailure },
    body: Uint8Array,
  ): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#tellDropped();
    const times = { unixMs: Date.now(), ...(this.#startedUnixMs && { startedUnixMs: this.#startedUnixMs }) };
    this.#socket.send({ kind: "ended", header: { attempt: this.number, ...times, ...end }, body });
  }
}

function toCurrent(
  header: ExecuteHeader,
  place: { readonly environment: string; readonly replicaId: string },
  signal: AbortSignal,
): Current {
  return {
    executionId: header.execution,
    run: header.run,
    attempt: header.number,
    replicaId: place.replicaId,
    environment: place.environment,
    task: header.task,
    deadline: header.deadlineUnixMs === undefined ? undefined : new Date(header.deadlineUnixMs),
    traceparent: header.traceparent ?? (header.unsampled === true ? unsampledTraceparent() : ""),
    tracestate: header.tracestate ?? "",
    signal,
  };
}

/** Ids for a trace that has none: its code may hand them on, and so that nobody samples what it causes elsewhere. */
function unsampledTraceparent(): string {
  const digits = Buffer.from(crypto.getRandomValues(new Uint8Array(24))).toString("hex");
  return `00-${digits.slice(0, 32)}-${digits.slice(32)}-00`;
}
