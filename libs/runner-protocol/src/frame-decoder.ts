import { frameBytesMax, kindsByNumber, prefixBytes, type Frame } from "./frames.ts";
import { readPlainEnd } from "./plain-end.ts";

/** The other side does not speak the protocol; the connection cannot go on. */
export class ProtocolError extends Error {
  override readonly name = "ProtocolError";
}

/** Up to here a body is copied a byte at a time, which is faster than to call the system's own copy. */
const shortBytes = 64;

/** From here on a body is a view of what it came in; smaller ones are copies, so that they do not keep all of it in memory. */
const viewedBytesMin = 8 * 1024;

/** Cuts a stream of bytes into frames. */
export class FrameDecoder {
  /** The beginning of a frame whose rest has not arrived. Joined only once all of it is here: a large one comes in many chunks. */
  #begun: Buffer[] = [];
  #begunBytes = 0;

  /** The frames that are complete with this chunk, which must not change afterwards. Throws `ProtocolError`. */
  push(chunk: Buffer): Frame[] {
    const frames: Frame[] = [];
    let at = 0;
    while (this.#begunBytes > 0) {
      const needed = this.#needed() - this.#begunBytes;
      this.#begin(chunk.subarray(at, at + needed));
      if (chunk.length - at < needed) return frames;
      at += needed;
      // What was needed may have been the length only.
      if (this.#begunBytes < this.#needed()) continue;
      frames.push(decode(this.#joined(), 0, this.#begunBytes));
      this.#begun = [];
      this.#begunBytes = 0;
    }
    for (let left = chunk.length - at; left >= 4; left = chunk.length - at) {
      const bytes = 4 + lengthAt(chunk, at);
      if (left < bytes) break;
      frames.push(decode(chunk, at, at + bytes));
      at += bytes;
    }
    // A copy, so that a small rest does not keep a large chunk alive.
    if (at < chunk.length) this.#begin(Buffer.from(chunk.subarray(at)));
    return frames;
  }

  #begin(bytes: Buffer): void {
    this.#begun.push(bytes);
    this.#begunBytes += bytes.length;
  }

  /** How many bytes the frame has that has begun, as far as that is known. */
  #needed(): number {
    return this.#begunBytes < 4 ? 4 : 4 + lengthAt(this.#joinedStart(), 0);
  }

  /** So much of it that its length can be read. */
  #joinedStart(): Buffer {
    const [first] = this.#begun;
    return first !== undefined && first.length >= 4 ? first : this.#joined();
  }

  #joined(): Buffer {
    const joined = this.#begun.length === 1 ? this.#begun[0] : undefined;
    const bytes = joined ?? Buffer.concat(this.#begun);
    this.#begun = [bytes];
    return bytes;
  }
}

function lengthAt(bytes: Buffer, at: number): number {
  const length = bytes.readUInt32BE(at);
  if (length > frameBytesMax || length < prefixBytes - 4) throw new ProtocolError(`A frame of ${length} bytes.`);
  return length;
}

const nothing = new Uint8Array(0);

function decode(bytes: Buffer, at: number, end: number): Frame {
  const number = bytes.readUInt8(at + 4);
  const kind = kindsByNumber.get(number);
  if (kind === undefined) throw new ProtocolError(`An unknown frame kind ${number}.`);
  const headerAt = at + prefixBytes;
  const bodyAt = headerAt + bytes.readUInt16BE(at + 5);
  if (bodyAt > end) throw new ProtocolError("A frame header longer than its frame.");
  const header =
    (kind === "ended" ? readPlainEnd(bytes, headerAt, bodyAt) : undefined) ?? parse(bytes, headerAt, bodyAt);
  return { kind, header, body: bodyOf(bytes, bodyAt, end) } as Frame;
}

function parse(bytes: Buffer, from: number, to: number): object {
  let header: unknown;
  try {
    header = JSON.parse(bytes.toString("utf8", from, to));
  } catch {
    throw new ProtocolError("A frame header that is not JSON.");
  }
  if (typeof header !== "object" || header === null) throw new ProtocolError("A frame header that is not an object.");
  return header;
}

function bodyOf(bytes: Buffer, from: number, to: number): Uint8Array {
  const length = to - from;
  if (length === 0) return nothing;
  if (length >= viewedBytesMin) return new Uint8Array(bytes.buffer, bytes.byteOffset + from, length);
  const copied = new Uint8Array(length);
  if (length > shortBytes) bytes.copy(copied, 0, from, to);
  else for (let at = 0; at < length; at++) copied[at] = bytes[from + at] ?? 0;
  return copied;
}
