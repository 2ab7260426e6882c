/** What the writer begins with, and keeps between messages. One larger message makes room for itself, and gives it back. */
const bytesKept = 256 * 1024;

/** Up to here a text is copied a letter at a time, which is faster than to call the system's own conversion. */
const shortText = 64;

/** The most that the tag and the length in front of a field take. */
const prefixBytesMax = 10;

/**
 * Writes a message in protobuf's wire format (https://protobuf.dev/programming-guides/encoding/) from its end to its
 * beginning: what a part is long is known when its length is written, in front of it. Fields are written last to first, so
 * that they stand in order.
 */
export class Writer {
  #bytes = Buffer.allocUnsafeSlow(bytesKept);
  /** Where what is written begins. */
  #at = bytesKept;

  /** How many bytes are written. */
  get size(): number {
    return this.#bytes.length - this.#at;
  }

  /** Drops what was written before. */
  begin(): void {
    if (this.#bytes.length > bytesKept) this.#bytes = Buffer.allocUnsafeSlow(bytesKept);
    this.#at = this.#bytes.length;
  }

  /** A copy of all that was written. */
  finish(): Uint8Array {
    return new Uint8Array(this.#bytes.subarray(this.#at));
  }

  /** The same behind `room` bytes that hold anything. */
  finishBehind(room: number): Buffer {
    const copy = Buffer.allocUnsafe(room + this.size);
    this.#bytes.copy(copy, room, this.#at);
    return copy;
  }

  /** Copies all that was written. */
  copyTo(target: Uint8Array, at: number): void {
    target.set(this.#bytes.subarray(this.#at), at);
  }

  /** Makes what was written since `size` was `before` a field of its own: a message within a message. */
  part(tag: number, before: number): void {
    this.#reserve(prefixBytesMax);
    this.#prefix(tag, this.size - before);
  }

  string(tag: number, text: string): void {
    if (text.length <= shortText && this.#putAscii(text)) return this.#prefix(tag, text.length);
    const length = Buffer.byteLength(text);
    this.#reserve(length + prefixBytesMax);
    this.#at -= length;
    this.#bytes.write(text, this.#at, length, "utf8");
    this.#prefix(tag, length);
  }

  bytes(tag: number, value: Uint8Array): void {
    this.#reserve(value.length + prefixBytesMax);
    this.#at -= value.length;
    this.#bytes.set(value, this.#at);
    this.#prefix(tag, value.length);
  }

  double(tag: number, value: number): void {
    this.#reserve(8 + prefixBytesMax);
    this.#at -= 8;
    this.#bytes.writeDoubleLE(value, this.#at);
    this.#varint(tag);
  }

  uint32(tag: number, value: number): void {
    this.#reserve(prefixBytesMax);
    this.#prefix(tag, value);
  }

  /** Packed, as numbers that are repeated travel. */
  uint32List(tag: number, values: readonly number[]): void {
    const before = this.size;
    for (let index = values.length - 1; index >= 0; index--) {
      this.#reserve(prefixBytesMax);
      this.#varint(values[index] ?? 0);
    }
    this.part(tag, before);
  }

  bool(tag: number, value: boolean): void {
    this.uint32(tag, value ? 1 : 0);
  }

  /** Also an enum's number. */
  int32(tag: number, value: number): void {
    if (value >= 0) return this.uint32(tag, value);
    this.#reserve(10 + prefixBytesMax);
    const bytes = this.#bytes;
    // Negative ones have the 64 bits of their sign, in ten bytes.
    const at = (this.#at -= 10);
    bytes[at] = value | 0x80;
    bytes[at + 1] = (value >>> 7) | 0x80;
    bytes[at + 2] = (value >>> 14) | 0x80;
    bytes[at + 3] = (value >>> 21) | 0x80;
    bytes[at + 4] = (value >> 28) | 0x80;
    bytes.fill(0xff, at + 5, at + 9);
    bytes[at + 9] = 1;
    this.#varint(tag);
  }

  /** False, and nothing written, when there are other letters in it. */
  #putAscii(text: string): boolean {
    const { length } = text;
    this.#reserve(length + prefixBytesMax);
    const bytes = this.#bytes;
    const start = this.#at - length;
    for (let index = 0; index < length; index++) {
      const code = text.charCodeAt(index);
      if (code > 0x7f) return false;
      bytes[start + index] = code;
    }
    this.#at = start;
    return true;
  }

  #prefix(tag: number, value: number): void {
    this.#varint(value);
    this.#varint(tag);
  }

  #varint(value: number): void {
    const bytes = this.#bytes;
    if (value < 0x80) {
      bytes[--this.#at] = value;
      return;
    }
    let left = value;
    let at = (this.#at -= varintBytes(value));
    for (; left > 0x7f; left >>>= 7) bytes[at++] = (left & 0x7f) | 0x80;
    bytes[at] = left;
  }

  #reserve(length: number): void {
    if (this.#at < length) this.#grow(length);
  }

  #grow(length: number): void {
    const written = this.#bytes.subarray(this.#at);
    const larger = Buffer.allocUnsafeSlow(2 * (written.length + length));
    this.#at = larger.length - written.length;
    larger.set(written, this.#at);
    this.#bytes = larger;
  }
}

function varintBytes(value: number): number {
  if (value < 0x4000) return 2;
  if (value < 0x20_0000) return 3;
  return value < 0x1000_0000 ? 4 : 5;
}
