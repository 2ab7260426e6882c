/** A frame is cut off here, so that no message outgrows the transport's bound. */
const frameWeightMax = 1024 * 1024;

/**
 * And after so many items. If hundreds travelled as one pack, of the processes on their way one would work while the others
 * waited; much smaller frames cost more to send than they gain.
 */
const frameItemsMax = 128;

/** How long an item may wait for another one to leave with. */
const lingerMs = 5;

/**
 * The sending side of a stream of frames. Whatever is put into the frame in one tick, and while the transport is busy,
 * leaves as one message: a frame costs the transport the same whether it holds one item or a hundred.
 */
export class FrameOutbox<F extends object> implements AsyncIterable<F> {
  readonly #newFrame: () => F;
  #frames: F[] = [];
  #weight = 0;
  #items = 0;
  #wake: (() => void) | undefined;
  #ended = false;
  #lingering: NodeJS.Timeout | undefined;

  constructor(newFrame: () => F) {
    this.#newFrame = newFrame;
  }

  /** The frame that leaves next, to put an item of `weightBytes` into. Do not keep it beyond the current tick. */
  frame(weightBytes = 0): F {
    const frame = this.#last(weightBytes);
    this.#leave();
    return frame;
  }

  /**
   * The same for what nobody waits for: a frame of its own would wake the other side for nothing, so it leaves with what
   * comes next, or within a few milliseconds.
   */
  lingeringFrame(weightBytes = 0): F {
    const frame = this.#last(weightBytes);
    this.#lingering ??= setTimeout(() => {
      this.#lingering = undefined;
      if (this.#frames.length > 0) this.#leave();
    }, lingerMs);
    return frame;
  }

  /** Ends the stream once what is in it has left. */
  end(): void {
    this.#ended = true;
    clearTimeout(this.#lingering);
    this.#wake?.();
    this.#wake = undefined;
  }

  #last(weightBytes: number): F {
    const last = this.#frames.at(-1);
    this.#weight += weightBytes;
    this.#items += 1;
    if (last !== undefined && this.#weight <= frameWeightMax && this.#items <= frameItemsMax) return last;
    const frame = this.#newFrame();
    this.#frames.push(frame);
    this.#weight = weightBytes;
    this.#items = 1;
    return frame;
  }

  #leave(): void {
    if (this.#wake === undefined) return;
    setImmediate(this.#wake);
    this.#wake = undefined;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<F, void> {
    for (;;) {
      const frames = this.#frames;
      this.#frames = [];
      yield* frames;
      if (this.#frames.length > 0) continue;
      if (this.#ended) return;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}
