import type { Frame } from "./frames.ts";

type LogFrame = Extract<Frame, { kind: "log" }>;

const bytesMax = 64 * 1024;

/** What one attempt printed on one stream since the last frame of another kind or attempt: it leaves as one frame. */
export class GatheredOutput {
  readonly #header: LogFrame["header"];
  #bytes: Buffer;
  #used = 0;

  constructor({ header, body }: LogFrame) {
    this.#header = header;
    this.#bytes = Buffer.allocUnsafe(body.length);
    this.#add(body);
  }

  /** Whether it took the frame in. */
  takes({ header, body }: LogFrame): boolean {
    const same = header.attempt === this.#header.attempt && header.stream === this.#header.stream;
    if (!same || header.dropped !== undefined || this.#used + body.length > bytesMax) return false;
    this.#add(body);
    return true;
  }

  frame(): LogFrame {
    return { kind: "log", header: this.#header, body: this.#bytes.subarray(0, this.#used) };
  }

  #add(body: Uint8Array): void {
    if (this.#used + body.length > this.#bytes.length) {
      const larger = Buffer.allocUnsafe(2 * (this.#used + body.length));
      this.#bytes.copy(larger, 0, 0, this.#used);
      this.#bytes = larger;
    }
    this.#bytes.set(body, this.#used);
    this.#used += body.length;
  }
}
