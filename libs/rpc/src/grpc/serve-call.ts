import { constants, type IncomingHttpHeaders, type ServerHttp2Stream } from "node:http2";
import { HearthError } from "@hearth/errors";
import { ServerError, Status } from "nice-grpc-common";
import { statusDetails, statusOf, toHearthError, type Report } from "../error-status.ts";
import type { AnyHandler, CallContext } from "../handlers.ts";
import { acceptedEncodings, MessageReader } from "./message-reader.ts";
import { sendMessage } from "./message-writer.ts";
import { ok, toHeaders, type CallStatus } from "./status-headers.ts";
import { parseTimeout } from "./timeout.ts";

/** A method as the server calls it. */
export interface ServedMethod {
  readonly requestStream: boolean;
  /** Throws when the bytes are no request. */
  readonly decode: (bytes: Uint8Array) => unknown;
  /** The bytes of a response behind room for the prefix. */
  readonly encode: (response: object) => Buffer;
  readonly handler: AnyHandler;
}

const responseHeaders = {
  ":status": 200,
  "content-type": "application/grpc+proto",
  "grpc-accept-encoding": acceptedEncodings,
} as const;

/** Longer timeouts overflow the system's timers, and are none. */
const timeoutMsMax = 2 ** 31 - 1;

/** Answers a call that has no method here, or is none. */
export function refuseCall(stream: ServerHttp2Stream, status: CallStatus): void {
  new ServedCall(stream).end(status);
}

/** Serves one call from its headers to its status. */
export async function serveCall(
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  method: ServedMethod,
  report: Report,
): Promise<void> {
  const call = new ServedCall(stream);
  const requests = call.read(headers, method);
  const context: CallContext = {
    signal: call.signal,
    header: (name) => headers[name]?.toString(),
  };
  try {
    const request = method.requestStream ? requests : await only(requests);
    const answer = method.handler(request as never, context);
    if (Symbol.asyncIterator in answer) await sendAll(call, method, answer);
    else await call.send(method.encode(await answer));
    // A handler may take a stream that breaks for a caller that left; who sent what nobody can read is to know.
    if (requests.refusal !== undefined) throw requests.refusal;
    call.end(ok);
  } catch (thrown) {
    call.end(toStatus(thrown, call.signal, report));
  }
}

/** The requests of a call, up to the first that is none, which then is why the call is refused. */
class Requests extends MessageReader<unknown> {
  refusal: Error | undefined;

  constructor(stream: ServerHttp2Stream, encoding: string, decode: ServedMethod["decode"]) {
    super(stream, encoding, (bytes) => {
      try {
        return decode(bytes);
      } catch (error) {
        const problem = (error as Error).message;
        const message = `The request cannot be decoded (${problem}). Send a message of its type.`;
        throw new HearthError("INVALID_REQUEST", message);
      }
    });
  }

  protected override refused(error: Error): void {
    this.refusal = error;
  }
}

/** The sending half of a call. Once it has ended, or its caller left, nothing is sent any more. */
class ServedCall {
  readonly #stream: ServerHttp2Stream;
  readonly #left = new AbortController();
  #hasEnded = false;
  #deadline: NodeJS.Timeout | undefined;

  constructor(stream: ServerHttp2Stream) {
    this.#stream = stream;
    stream.on("error", () => undefined);
    stream.on("close", () => {
      clearTimeout(this.#deadline);
      if (!this.#hasEnded) this.#left.abort();
    });
  }

  /** Aborted when the caller has left, or the call has ended without success. */
  get signal(): AbortSignal {
    return this.#left.signal;
  }

  read(headers: IncomingHttpHeaders, method: ServedMethod): Requests {
    const stream = this.#stream;
    const requests = new Requests(stream, headers["grpc-encoding"]?.toString() ?? "identity", method.decode);
    stream.on("data", (chunk: Buffer) => {
      try {
        requests.take(chunk);
      } catch (tooLarge) {
        requests.finish(tooLarge as Error);
        this.end(toStatus(tooLarge, this.signal, () => undefined));
      }
    });
    // A stream that is reset or breaks ends as well, and is closed then.
    stream.on("end", () => {
      if (!stream.aborted) requests.finish();
    });
    stream.on("close", () => requests.finish(new ServerError(Status.CANCELLED, "The caller left.")));
    this.#limit(headers["grpc-timeout"]?.toString());
    return requests;
  }

  /** Nothing that is sent arrives any more. */
  get isOver(): boolean {
    return this.#hasEnded || this.#stream.destroyed || this.#stream.closed;
  }

  send(message: Buffer): Promise<void> | undefined {
    const stream = this.#stream;
    if (this.isOver) return undefined;
    if (!stream.headersSent) stream.respond(responseHeaders, { waitForTrailers: true });
    return sendMessage(stream, message);
  }

  end(status: CallStatus): void {
    if (this.isOver) return;
    this.#hasEnded = true;
    const stream = this.#stream;
    const trailers = toHeaders(status);
    if (!stream.headersSent) {
      stream.respond({ ...responseHeaders, ...trailers }, { endStream: true });
    } else {
      stream.once("wantTrailers", () => stream.sendTrailers(trailers));
      stream.end();
    }
    // What the caller still sends is nobody's; unread it would keep the stream.
    stream.removeAllListeners("data").resume();
    if (status.code !== Status.OK) this.#left.abort();
  }

  #limit(timeout: string | undefined): void {
    const timeoutMs = timeout === undefined ? undefined : parseTimeout(timeout);
    if (timeoutMs === undefined || timeoutMs > timeoutMsMax) return;
    this.#deadline = setTimeout(() => {
      this.end({ code: Status.DEADLINE_EXCEEDED, message: "The call's time is over." });
      // A status cannot overtake answers that the caller does not read.
      if (this.#stream.writableLength > 0) this.#stream.close(constants.NGHTTP2_CANCEL);
    }, timeoutMs);
  }
}

/** The request of a call that has one. */
async function only(requests: MessageReader<unknown>): Promise<unknown> {
  const { done, value } = await requests.next();
  if (done === true) throw new HearthError("INVALID_REQUEST", "The call has no request. Send one message.");
  return value;
}

async function sendAll(call: ServedCall, method: ServedMethod, answers: AsyncIterable<object>): Promise<void> {
  const responses = answers[Symbol.asyncIterator]();
  for (let next = await responses.next(); next.done !== true; next = await responses.next()) {
    try {
      const sent = call.send(method.encode(next.value));
      if (sent !== undefined) await sent;
    } catch (error) {
      await responses.return?.();
      throw error;
    }
    if (!call.isOver) continue;
    await responses.return?.();
    return;
  }
}

function toStatus(thrown: unknown, signal: AbortSignal, report: Report): CallStatus {
  // A handler that stops because its caller left has not failed.
  if (signal.aborted) return { code: Status.CANCELLED, message: "The caller left." };
  if (thrown instanceof ServerError) return { code: thrown.code, message: thrown.details };
  const error = toHearthError(thrown, report);
  return { code: Status[statusOf(error)], message: error.message, details: statusDetails(error) };
}
