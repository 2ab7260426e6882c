import { frameBytesMax, kindsByNumber, prefixBytes, type Frame } from "./frames.ts";

/** The other side does not speak the protocol; the connection cannot go on. */
export class ProtocolError extends Error {
  override readonly name = "ProtocolError";
}

/** Cuts a stream of bytes into frames. Bodies are copies: they may outlive the chunk they came in. */
export class FrameDecoder {
  #rest: Buffer = Buffer.alloc(0);

  /** The frames that are complete with this chunk. Throws `ProtocolError`. */
  push(chunk: Buffer): Frame[] {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const frames: Frame[] = [];
    let at = 0;
    while (bytes.length - at >= 4) {
      const length = bytes.readUInt32BE(at);
      if (length > frameBytesMax || length < prefixBytes - 4) throw new ProtocolError(`A frame of ${length} bytes.`);
      if (bytes.length - at < 4 + length) break;
      frames.push(decode(bytes.subarray(at, at + 4 + length)));
      at += 4 + length;
    }
    // A copy, so that a small rest does not keep a large chunk alive.
    this.#rest = Buffer.from(bytes.subarray(at));
    return frames;
  }
}

function decode(bytes: Buffer): Frame {
  const kind = kindsByNumber.get(bytes.readUInt8(4));
  if (kind === undefined) throw new ProtocolError(`An unknown frame kind ${bytes.readUInt8(4)}.`);
  const bodyAt = prefixBytes + bytes.readUInt16BE(5);
  if (bodyAt > bytes.length) throw new ProtocolError("A frame header longer than its frame.");
  let header: unknown;
  try {
    header = JSON.parse(bytes.toString("utf8", prefixBytes, bodyAt));
  } catch {
    throw new ProtocolError("A frame header that is not JSON.");
  }
  if (typeof header !== "object" || header === null) throw new ProtocolError("A frame header that is not an object.");
  return { kind, header, body: new Uint8Array(bytes.subarray(bodyAt)) } as Frame;
}
