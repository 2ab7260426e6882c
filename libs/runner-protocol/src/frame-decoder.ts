import { frameBytesMax, kindsByNumber, prefixBytes, type Frame } from "./frames.ts";

/** The other side does not speak the protocol; the connection cannot go on. */
export class ProtocolError extends Error {
  override readonly name = "ProtocolError";
}

/** Cuts a stream of bytes into frames. Bodies are copies: they may outlive the chunk they came in. */
export class FrameDecoder {
  /** What has arrived and is not decoded. Joined only once a whole frame is here: a large one comes in many chunks. */
  #chunks: Buffer[] = [];
  #bytes = 0;
  /** How many bytes are needed before there is anything to decode. */
  #needed = 4;

  /** The frames that are complete with this chunk. Throws `ProtocolError`. */
  push(chunk: Buffer): Frame[] {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    if (this.#bytes < this.#needed) return [];
    const bytes = this.#chunks.length === 1 ? chunk : Buffer.concat(this.#chunks);
    const frames: Frame[] = [];
    let at = 0;
    for (;;) {
      const left = bytes.length - at;
      this.#needed = left < 4 ? 4 : 4 + lengthAt(bytes, at);
      if (left < this.#needed) break;
      frames.push(decode(bytes, at, at + this.#needed));
      at += this.#needed;
    }
    // A copy, so that a small rest does not keep a large chunk alive.
    this.#chunks = at === bytes.length ? [] : [Buffer.from(bytes.subarray(at))];
    this.#bytes = bytes.length - at;
    return frames;
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
  let header: unknown;
  try {
    header = JSON.parse(bytes.toString("utf8", headerAt, bodyAt));
  } catch {
    throw new ProtocolError("A frame header that is not JSON.");
  }
  if (typeof header !== "object" || header === null) throw new ProtocolError("A frame header that is not an object.");
  return { kind, header, body: bodyAt === end ? nothing : copy(bytes, bodyAt, end) } as Frame;
}

function copy(bytes: Buffer, from: number, to: number): Uint8Array {
  const copied = new Uint8Array(to - from);
  bytes.copy(copied, 0, from, to);
  return copied;
}
