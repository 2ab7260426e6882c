import { promisify } from "node:util";
import { gunzip, inflate } from "node:zlib";
import { ServerError, Status } from "nice-grpc-common";

/** In front of every message: whether it is compressed, and its length in four bytes. */
export const prefixBytes = 5;

/**
 * Bounds every message in and out; single fields have tighter bounds of their own. The largest is a payload of 64 MiB, which
 * base64 makes a third larger in JSON.
 */
export const messageBytesMax = 96 * 1024 * 1024;

/** So much may lie here unread before no more is taken from the connection. */
const unreadBytesMax = 64 * 1024;

const decompressors = new Map([
  ["gzip", promisify(gunzip)],
  ["deflate", promisify(inflate)],
] as const);

/** What a message may be compressed with. */
export const acceptedEncodings = ["identity", ...decompressors.keys()].join(",");

interface Source {
  pause(): unknown;
  resume(): unknown;
}

interface Waiting<T> {
  readonly resolve: (result: IteratorResult<T, void>) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * The messages of one direction of a call (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md), cut out of the
 * bytes as they arrive, for one reader that takes them one after another. Its source waits while the reader does.
 */
export class MessageReader<T> implements AsyncIterableIterator<T, void> {
  readonly #source: Source;
  readonly #encoding: string;
  readonly #decode: (bytes: Uint8Array) => T;
  /** What came of a message that is not whole, and how many bytes that has to be. */
  #parts: Buffer[] = [];
  #partBytes = 0;
  #wantedBytes = prefixBytes;
  /** Whole messages with their prefixes that nobody has taken. */
  readonly #unread: Buffer[] = [];
  #unreadBytes = 0;
  #waiting: Waiting<T> | undefined;
  /** Nothing comes any more, for the reason given unless the other side had said all. */
  #over: { readonly error: Error | undefined } | undefined;

  /** `encoding`: how compressed messages are, by gRPC's name. */
  constructor(source: Source, encoding: string, decode: (bytes: Uint8Array) => T) {
    this.#source = source;
    this.#encoding = encoding;
    this.#decode = decode;
  }

  /** Bytes came. Throws a `ServerError` at a message that is too large. */
  take(chunk: Buffer): void {
    if (this.#over !== undefined) return;
    const bytes = this.#joined(chunk);
    if (bytes === undefined) return;
    let at = 0;
    for (let left = bytes.length; ; left = bytes.length - at) {
      this.#wantedBytes = left < prefixBytes ? prefixBytes : prefixBytes + bytes.readUInt32BE(at + 1);
      if (this.#wantedBytes > prefixBytes + messageBytesMax) throw tooLarge();
      if (left < this.#wantedBytes) break;
      this.#arrived(bytes.subarray(at, (at += this.#wantedBytes)));
    }
    if (at < bytes.length) this.#keep(bytes.subarray(at));
  }

  /** Nothing comes any more. Without an error that is an error itself when a message is not whole. */
  finish(error?: Error): void {
    if (this.#over !== undefined) return;
    const cutOff = this.#partBytes > 0 ? new ServerError(Status.INTERNAL, "A message was cut off.") : undefined;
    if (error === undefined && cutOff !== undefined) this.refused?.(cutOff);
    this.#over = { error: error ?? cutOff };
    if (this.#waiting === undefined) return;
    const { resolve, reject } = this.#waiting;
    this.#waiting = undefined;
    this.#ended().then(resolve, reject);
  }

  next(): Promise<IteratorResult<T, void>> {
    const message = this.#unread.shift();
    if (message === undefined) {
      if (this.#over !== undefined) return this.#ended();
      return new Promise((resolve, reject) => (this.#waiting = { resolve, reject }));
    }
    if (this.#unreadBytes > unreadBytesMax && this.#unreadBytes - message.length <= unreadBytesMax) {
      this.#source.resume();
    }
    this.#unreadBytes -= message.length;
    return new Promise((resolve, reject) => this.#read(message, { resolve, reject }));
  }

  /** Nobody reads any more; what still comes is dropped. */
  return(): Promise<IteratorResult<T, void>> {
    this.#over ??= { error: undefined };
    this.#unread.length = 0;
    this.#unreadBytes = 0;
    this.#source.resume();
    return this.#ended();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Told of what came and is no message, before the reader is, who may take it for an end. */
  protected refused?(error: Error): void;

  /** All that there is of a message that began earlier, or undefined while it is not whole. */
  #joined(chunk: Buffer): Buffer | undefined {
    if (this.#partBytes === 0) return chunk;
    this.#keep(chunk);
    if (this.#partBytes < this.#wantedBytes) return undefined;
    const bytes = Buffer.concat(this.#parts, this.#partBytes);
    this.#parts = [];
    this.#partBytes = 0;
    return bytes;
  }

  #keep(part: Buffer): void {
    this.#parts.push(part);
    this.#partBytes += part.length;
  }

  #arrived(message: Buffer): void {
    const waiting = this.#waiting;
    if (waiting !== undefined) {
      this.#waiting = undefined;
      return this.#read(message, waiting);
    }
    if (this.#unreadBytes <= unreadBytesMax && this.#unreadBytes + message.length > unreadBytesMax) {
      this.#source.pause();
    }
    this.#unread.push(message);
    this.#unreadBytes += message.length;
  }

  #read(message: Buffer, { resolve, reject }: Waiting<T>): void {
    const refuse = (error: unknown): void => {
      this.refused?.(error as Error);
      reject(error);
    };
    const settle = (bytes: Uint8Array): void => {
      try {
        resolve({ done: false, value: this.#decode(bytes) });
      } catch (error) {
        refuse(error);
      }
    };
    const bytes = message.subarray(prefixBytes);
    if (message[0] === 0) settle(bytes);
    else decompress(bytes, this.#encoding).then(settle, refuse);
  }

  #ended(): Promise<IteratorResult<T, void>> {
    const error = this.#over?.error;
    // The reason is told once, as a generator would.
    this.#over = { error: undefined };
    return error === undefined ? Promise.resolve({ done: true, value: undefined }) : Promise.reject(error);
  }
}

async function decompress(bytes: Uint8Array, encoding: string): Promise<Uint8Array> {
  const decompressor = decompressors.get(encoding as "gzip");
  if (decompressor === undefined) {
    throw new ServerError(Status.UNIMPLEMENTED, `Messages may be compressed with ${acceptedEncodings}.`);
  }
  try {
    return await decompressor(bytes, { maxOutputLength: messageBytesMax });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE") throw tooLarge();
    throw new ServerError(Status.INTERNAL, "A message cannot be decompressed.");
  }
}

export function tooLarge(): ServerError {
  return new ServerError(Status.RESOURCE_EXHAUSTED, `A message has at most ${messageBytesMax} bytes.`);
}
