import {
  connect,
  constants,
  type ClientHttp2Session,
  type ClientHttp2Stream,
  type IncomingHttpHeaders,
} from "node:http2";
import type { DescMessage, DescMethodBiDiStreaming, MessageShape } from "@bufbuild/protobuf";
import { decodeMessage, encodeMessageBehind } from "@hearth/proto";
import { ClientError, Status } from "nice-grpc-common";
import { pathOf } from "../definition.ts";
import { fromStatusDetails } from "../error-status.ts";
import { MessageReader, prefixBytes } from "./message-reader.ts";
import { sendMessage } from "./message-writer.ts";
import { fromHeaders, type CallStatus } from "./status-headers.ts";

/** A peer that has not taken the connection by then is taken for away. */
const connectMs = 3_000;

interface StreamCallOptions {
  /** Leaves the stream. */
  readonly signal?: AbortSignal;
  /** The peer is asked so often whether it is there, and counts as gone when it takes as long to answer. Default: never asked. */
  readonly pingMs?: number;
}

/**
 * Calls a bidirectional method at `host:port` over a connection of its own, which ends with the call. What is yielded by
 * `requests` is sent as it comes; the responses must be read. Refusals are thrown as `HearthError`, everything else as
 * nice-grpc's `ClientError`: UNAVAILABLE when the peer cannot be reached or is gone, CANCELLED after `signal`.
 */
export function callStream<I extends DescMessage, O extends DescMessage>(
  address: string,
  method: DescMethodBiDiStreaming<I, O>,
  requests: AsyncIterable<MessageShape<I>>,
  options: StreamCallOptions = {},
): AsyncIterable<MessageShape<O>> {
  const path = pathOf(method);
  const session = connect(/^https?:\/\//.test(address) ? address : `http://${address}`, {
    maxSessionMemory: Number.MAX_SAFE_INTEGER,
  });
  const stream = session.request({
    ":method": "POST",
    ":path": path,
    "content-type": "application/grpc+proto",
    te: "trailers",
  });
  const responses = new Responses(session, stream, (bytes) => decodeMessage(method.output, bytes));
  const ended = (error?: Error): void => {
    responses.finish(error);
    session.destroy();
  };
  const failed = (code: Status, message: string): void => ended(new ClientError(path, code, message));
  watch(session, options, failed);
  read(stream, responses, (status) => ended(toError(path, status)), failed);
  send(stream, method.input, requests).catch((error: unknown) => ended(error as Error));
  return responses;
}

/** The call is left when nobody reads them any more, or can. */
class Responses<T> extends MessageReader<T> {
  readonly #session: ClientHttp2Session;

  constructor(session: ClientHttp2Session, stream: ClientHttp2Stream, decode: (bytes: Uint8Array) => T) {
    super(stream, "identity", decode);
    this.#session = session;
  }

  override return(): Promise<IteratorResult<T, void>> {
    this.#session.destroy();
    return super.return();
  }

  protected override refused(): void {
    this.#session.destroy();
  }
}

type Failed = (code: Status, message: string) => void;

/** Ends the call when its connection does not come about, breaks or goes silent, and when its caller leaves. */
function watch(session: ClientHttp2Session, { signal, pingMs }: StreamCallOptions, failed: Failed): void {
  const connecting = setTimeout(() => failed(Status.UNAVAILABLE, "It does not take the connection."), connectMs);
  let pinging: NodeJS.Timeout | undefined;
  let silent: NodeJS.Timeout | undefined;
  const pingEvery = (ms: number): void => {
    if (session.destroyed) return;
    silent ??= setTimeout(() => failed(Status.UNAVAILABLE, "It does not answer a ping."), ms);
    session.ping(() => {
      clearTimeout(silent);
      silent = undefined;
    });
  };
  const leave = (): void => failed(Status.CANCELLED, "The caller left.");
  session.on("connect", () => {
    clearTimeout(connecting);
    if (pingMs !== undefined) pinging = setInterval(pingEvery, pingMs, pingMs);
  });
  session.on("error", (error: Error) => failed(Status.UNAVAILABLE, error.message));
  session.on("close", () => {
    [connecting, pinging, silent].forEach(clearTimeout);
    signal?.removeEventListener("abort", leave);
    failed(Status.UNAVAILABLE, "The connection is gone.");
  });
  if (signal?.aborted === true) leave();
  else signal?.addEventListener("abort", leave, { once: true });
}

function read(
  stream: ClientHttp2Stream,
  responses: Pick<MessageReader<unknown>, "take">,
  ended: (status: CallStatus) => void,
  failed: Failed,
): void {
  let status: CallStatus | undefined;
  let isWhole = false;
  const take = (headers: IncomingHttpHeaders): void => {
    status ??= fromHeaders(headers);
    settle();
  };
  // With its status a call is over, whether or not this side has said all.
  const settle = (): void => {
    if (status !== undefined && isWhole) ended(status);
  };
  stream.on("response", (headers) => {
    take(headers);
    if (headers[":status"] !== 200) failed(Status.UNAVAILABLE, `It answers with HTTP status ${headers[":status"]}.`);
  });
  stream.on("trailers", take);
  stream.on("end", () => {
    // A stream that is reset or breaks ends as well, with what nobody has read yet left out.
    isWhole = stream.rstCode === constants.NGHTTP2_NO_ERROR && !stream.destroyed;
    settle();
  });
  stream.on("data", (chunk: Buffer) => {
    try {
      responses.take(chunk);
    } catch (error) {
      failed(Status.RESOURCE_EXHAUSTED, (error as Error).message);
    }
  });
  stream.on("error", (error: Error) => failed(Status.UNAVAILABLE, error.message));
  stream.on("close", () => {
    if (status === undefined || (status.code === Status.OK && !isWhole)) {
      failed(Status.UNAVAILABLE, "The stream was broken off.");
    } else ended(status);
  });
}

async function send<I extends DescMessage>(
  stream: ClientHttp2Stream,
  input: I,
  requests: AsyncIterable<MessageShape<I>>,
): Promise<void> {
  const iterator = requests[Symbol.asyncIterator]();
  stream.on("close", () => void iterator.return?.());
  for (let next = await iterator.next(); !stream.closed && !stream.destroyed; next = await iterator.next()) {
    if (next.done === true) return void stream.end();
    const sent = sendMessage(stream, encodeMessageBehind(prefixBytes, input, next.value));
    if (sent !== undefined) await sent;
  }
}

function toError(path: string, { code, message, details }: CallStatus): Error | undefined {
  if (code === Status.OK) return undefined;
  return (details && fromStatusDetails(details)) ?? new ClientError(path, code, message);
}
