import { frameBytesMax, kindNumbers, prefixBytes, type Frame } from "./frames.ts";
import { plainEndBytesMax, plainEndOf, writePlainEnd } from "./plain-end.ts";

/** The bytes of a frame. Throws a RangeError over 65 MiB or with a header over 64 KiB. */
export function encodeFrame(frame: Frame): Buffer {
  const frames = new FrameBuffer();
  frames.add(frame);
  return frames.take();
}

/** What the buffer begins with, and keeps. One larger frame makes room for itself, and gives it back. */
const bytesKept = 64 * 1024;

/** A character takes no more bytes than this in UTF-8. */
const characterBytesMax = 3;

/** The bytes of frames, one behind the other. */
export class FrameBuffer {
  #bytes = Buffer.allocUnsafe(0);
  #used = 0;

  /** Throws a RangeError for a frame over 65 MiB or with a header over 64 KiB, of which nothing is added. */
  add(frame: Frame): void {
    const { body } = frame;
    this.addStart(frame, body.length);
    if (body.length === 0) return;
    this.#bytes.set(body, this.#used);
    this.#used += body.length;
  }

  /** The same without the body, which is to follow. `room`: so many bytes of it follow here. */
  addStart(frame: Frame, room = 0): void {
    const headerBytes = this.#putHeader(frame, room);
    const headerAt = this.#used + prefixBytes;
    const length = prefixBytes - 4 + headerBytes + frame.body.length;
    if (length > frameBytesMax) throw tooLarge("A frame", length, frameBytesMax);
    if (headerBytes > 0xffff) throw tooLarge("A frame header", headerBytes, 0xffff);
    this.#bytes.writeUInt32BE(length, this.#used);
    this.#bytes.writeUInt8(kindNumbers[frame.kind], this.#used + 4);
    this.#bytes.writeUInt16BE(headerBytes, this.#used + 5);
    this.#used = headerAt + headerBytes;
  }

  /** All that was added, and nothing is left. */
  take(): Buffer {
    const taken = Buffer.allocUnsafe(this.#used);
    this.#bytes.copy(taken, 0, 0, this.#used);
    this.#used = 0;
    if (this.#bytes.length > bytesKept) this.#bytes = Buffer.allocUnsafe(0);
    return taken;
  }

  /** Behind the room for the prefix, and with room for what follows. Returns how many bytes it takes. */
  #putHeader(frame: Frame, room: number): number {
    const plain = plainEndOf(frame);
    if (plain !== undefined) {
      this.#reserve(prefixBytes + plainEndBytesMax + room);
      const headerAt = this.#used + prefixBytes;
      return writePlainEnd(plain, this.#bytes, headerAt) - headerAt;
    }
    const header = JSON.stringify(frame.header);
    this.#reserve(prefixBytes + header.length * characterBytesMax + room);
    return this.#bytes.write(header, this.#used + prefixBytes, "utf8");
  }

  #reserve(bytes: number): void {
    if (this.#used + bytes <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(bytesKept, 2 * this.#used, this.#used + bytes));
    this.#bytes.copy(larger, 0, 0, this.#used);
    this.#bytes = larger;
  }
}

function tooLarge(what: string, bytes: number, bytesMax: number): RangeError {
  return new RangeError(`${what} of ${bytes} bytes is over the bound of ${bytesMax}.`);
}
