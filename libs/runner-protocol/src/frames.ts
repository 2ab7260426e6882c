/** `hearth.v1.Failure` in its JSON form. */
export interface WireFailure {
  readonly reason: string;
  readonly message: string;
  readonly exceptionType?: string;
  readonly traceback?: string;
}

export type WireOutcome = "succeeded" | "failed" | "timed_out" | "cancelled" | "lost";

interface WireEnd {
  readonly outcome: WireOutcome;
  /** Present unless the outcome is "succeeded". */
  readonly failure?: WireFailure;
}

/** Header by kind: docs/runner-protocol.md, "Frames". */
interface Headers {
  readonly load: {
    readonly bundle: string;
    readonly tasks: readonly { readonly name: string; readonly entrypoint: string }[];
    readonly environment: string;
    readonly version: string;
    readonly concurrency: number;
  };
  readonly execute: {
    readonly attempt: number;
    readonly execution: string;
    readonly number: number;
    readonly run: string;
    readonly task: string;
    readonly deadlineUnixMs?: number | undefined;
    readonly traceparent?: string | undefined;
    readonly tracestate?: string | undefined;
    readonly unsampled?: boolean | undefined;
  };
  readonly cancel: { readonly attempt: number };
  readonly ping: object;
  readonly callEnded: { readonly call: number } & WireEnd;
  readonly hello: { readonly pid: number; readonly language: string; readonly runtime: string };
  readonly loaded: object;
  readonly loadFailed: { readonly failure: WireFailure };
  readonly ended: {
    readonly attempt: number;
    readonly unixMs: number;
    /** Absent: user code never began. */
    readonly startedUnixMs?: number;
  } & WireEnd;
  readonly log: {
    readonly attempt: number;
    readonly stream: "stdout" | "stderr";
    /** Bytes of the attempt's output that were left out until now. */
    readonly dropped?: number;
  };
  readonly call: {
    readonly call: number;
    readonly attempt: number;
    readonly environment: string;
    readonly task: string;
    readonly policy?: object;
    readonly affinityKey?: string;
    readonly priority?: number;
    readonly freshReplica?: boolean;
    readonly idempotencyKey?: string;
    readonly retryPolicy?: object;
    readonly attemptTimeoutMs?: number;
    readonly queueTimeoutMs?: number;
    readonly deadlineUnixMs?: number;
  };
  readonly cancelCall: { readonly call: number };
  readonly park: { readonly attempt: number };
  readonly pong: object;
}

export type FrameKind = keyof Headers;

/** One frame: its kind, its header and its body (a payload or text; often empty). */
export type Frame = {
  [K in FrameKind]: { readonly kind: K; readonly header: Headers[K]; readonly body: Uint8Array };
}[FrameKind];

/** The numbers kinds travel as. */
export const kindNumbers: Readonly<Record<FrameKind, number>> = {
  load: 1,
  execute: 2,
  cancel: 3,
  callEnded: 4,
  ping: 5,
  hello: 10,
  loaded: 11,
  loadFailed: 12,
  ended: 14,
  log: 15,
  call: 16,
  cancelCall: 17,
  park: 18,
  pong: 19,
};

/** The kinds by their number. */
export const kindsByNumber: ReadonlyMap<number, FrameKind> = new Map(
  (Object.keys(kindNumbers) as FrameKind[]).map((kind) => [kindNumbers[kind], kind]),
);

/** Length, kind and header length before the header. */
export const prefixBytes = 7;

/** Bound on the length that follows the length field: a payload of 64 MiB with what is around it. */
export const frameBytesMax = 65 * 1024 * 1024;
