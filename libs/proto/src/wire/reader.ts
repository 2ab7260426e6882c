import { isUtf8 } from "node:buffer";

/** Texts up to this long, which ids exceed, are names of tasks and environments more often than not, and come again and again. */
const nameMax = 24;

/** The ASCII name read last at each place. To find one costs less than to make it, and its hash is known. */
const recentNames = new Array<string>(256).fill("");

/** Reads protobuf's wire format (https://protobuf.dev/programming-guides/encoding/). Throws a RangeError at what is none. */
export class Reader {
  readonly #bytes: Buffer;
  readonly #memory: ArrayBufferLike;
  /** Where the next field begins. */
  at = 0;

  constructor(bytes: Uint8Array) {
    this.#memory = bytes.buffer;
    this.#bytes = Buffer.from(this.#memory, bytes.byteOffset, bytes.byteLength);
  }

  /** Where the message, or the text, ends whose length is read here. */
  end(): number {
    const length = this.uint32();
    const end = this.at + length;
    if (end > this.#bytes.length) throw premature();
    return end;
  }

  /** Also the tag of a field. Of a longer number the low 32 bits. */
  uint32(): number {
    const first = this.#bytes[this.at] ?? 0xff;
    if (first < 0x80) {
      this.at += 1;
      return first;
    }
    return this.#longVarint() >>> 0;
  }

  /** Adds packed numbers to `values`. */
  uint32List(values: number[]): void {
    const end = this.end();
    while (this.at < end) values.push(this.uint32());
    this.insistOn(end);
  }

  /** Also an enum's number. */
  int32(): number {
    return this.uint32() | 0;
  }

  bool(): boolean {
    // Any bit of 64 makes it true.
    let isTrue = false;
    for (;;) {
      const byte = this.#byte();
      isTrue ||= (byte & 0x7f) !== 0;
      if (byte < 0x80) return isTrue;
    }
  }

  double(): number {
    const { at } = this;
    if (at + 8 > this.#bytes.length) throw premature();
    this.at = at + 8;
    return this.#bytes.readDoubleLE(at);
  }

  string(): string {
    const end = this.end();
    const { at } = this;
    this.at = end;
    if (at === end) return "";
    return end - at > nameMax ? this.#text(at, end) : this.#name(at, end);
  }

  #text(at: number, end: number): string {
    const text = this.#bytes.toString("utf8", at, end);
    // It stands for what is no UTF-8, if it was not sent.
    if (text.includes("\ufffd") && !isUtf8(this.#bytes.subarray(at, end))) throw new RangeError("invalid UTF-8");
    return text;
  }

  #name(at: number, end: number): string {
    const bytes = this.#bytes;
    const length = end - at;
    const place = (length * 31 + (bytes[at] ?? 0) * 7 + (bytes[end - 1] ?? 0)) % recentNames.length;
    const recent = recentNames[place] ?? "";
    if (recent.length === length) {
      let same = 0;
      while (same < length && recent.charCodeAt(same) === bytes[at + same]) same += 1;
      if (same === length) return recent;
    }
    const name = this.#text(at, end);
    // With a letter that is not ASCII it has fewer letters than bytes.
    if (name.length === length) recentNames[place] = name;
    return name;
  }

  /** A view of what is read, not a copy. */
  bytes(): Uint8Array {
    const end = this.end();
    const { at } = this;
    this.at = end;
    return new Uint8Array(this.#memory, this.#bytes.byteOffset + at, end - at);
  }

  /** Passes a field that is not known. */
  skip(tag: number): void {
    if (tag >>> 3 === 0) throw new RangeError("invalid field number 0");
    switch (tag & 7) {
      case 0:
        while (this.#byte() >= 0x80);
        return;
      case 1:
        return this.#pass(8);
      case 2:
        this.at = this.end();
        return;
      case 3:
        return this.#skipGroup(tag);
      case 5:
        return this.#pass(4);
      default:
        throw new RangeError(`invalid wire type ${tag & 7}`);
    }
  }

  /** Throws when what was read did not end where its length had said. */
  insistOn(end: number): void {
    if (this.at !== end) throw premature();
  }

  /** A group ends with a tag of its own. */
  #skipGroup(tag: number): void {
    for (let inner = this.uint32(); inner !== tag + 1; inner = this.uint32()) this.skip(inner);
  }

  #pass(length: number): void {
    this.at += length;
    if (this.at > this.#bytes.length) throw premature();
  }

  #byte(): number {
    const byte = this.#bytes[this.at++];
    if (byte === undefined) throw premature();
    return byte;
  }

  #longVarint(): number {
    let value = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = this.#byte();
      if (shift < 32) value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    throw new RangeError("invalid varint");
  }
}

function premature(): RangeError {
  return new RangeError("premature EOF");
}
