import { Soon } from "@hearth/clock";

/**
 * A frame takes no more items from here on, in bytes and in number. If hundreds of them, or a mebibyte, travelled as one pack, of
 * the processes on their way one would work while the others waited; much smaller frames cost more to send than they gain.
 */
const frameWeightMax = 64 * 1024;
const frameItemsMax = 128;

/** What an item takes beside what its sender says it weighs: ids and other short fields. */
const itemWeight = 256;

/** How long an item may wait for another one to leave with. */
const lingerMs = 5;

interface Waiting<F> {
  readonly frame: F;
  weight: number;
  items: number;
}

/**
 * The sending side of a stream of frames. Whatever is put into the frame while other code is ready to run, and while the
 * transport is busy, leaves as one message: a frame costs the transport the same whether it holds one item or a hundred.
 */
export class FrameOutbox<F extends object> implements AsyncIterable<F> {
  readonly #newFrame: () => F;
  #frames: Waiting<F>[] = [];
  #weight = 0;
  /** Ended: what is in it still leaves. Over: nothing leaves any more, and nothing is kept. */
  #state: "open" | "ended" | "over" = "open";
  #failure: Error | undefined;
  #wake: (() => void) | undefined;
  readonly #soon = new Soon(() => this.#wakeNow());
  #wakeSender: (() => void) | undefined;
  #lingering: NodeJS.Timeout | undefined;

  constructor(newFrame: () => F) {
    this.#newFrame = newFrame;
  }

  /** What waits to leave, in bytes, by what its senders said. */
  get weightBytes(): number {
    return this.#weight;
  }

  get isOver(): boolean {
    return this.#state === "over";
  }

  /** The frame that leaves next if there is something in it: for what it can take without another item. */
  get waiting(): F | undefined {
    return this.#frames.at(-1)?.frame;
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

  /** Resolves once at most so much waits, or nothing leaves any more. For one sender. */
  async room(weightBytesMax: number): Promise<void> {
    while (this.#weight > weightBytesMax && !this.isOver) {
      await new Promise<void>((resolve) => (this.#wakeSender = resolve));
    }
  }

  /** Ends the stream once what is in it has left. */
  end(): void {
    if (this.#state === "open") this.#state = "ended";
    clearTimeout(this.#lingering);
    this.#wakeNow();
  }

  /** Ends the stream with an error. What is in it is dropped at once, even while the transport takes nothing. */
  fail(error: Error): void {
    if (this.isOver) return;
    this.#failure = error;
    this.#drop();
    this.end();
  }

  #drop(): void {
    this.#state = "over";
    this.#frames = [];
    this.#weight = 0;
    this.#tellSender();
  }

  #last(weightBytes: number): F {
    if (this.isOver) return this.#newFrame();
    const weight = weightBytes + itemWeight;
    this.#weight += weight;
    const last = this.#frames.at(-1);
    if (last !== undefined && last.weight + weight <= frameWeightMax && last.items < frameItemsMax) {
      last.weight += weight;
      last.items += 1;
      return last.frame;
    }
    const frame = this.#newFrame();
    this.#frames.push({ frame, weight, items: 1 });
    return frame;
  }

  #leave(): void {
    if (this.#wake !== undefined) this.#soon.plan();
  }

  #wakeNow(): void {
    this.#wake?.();
    this.#wake = undefined;
  }

  #tellSender(): void {
    this.#wakeSender?.();
    this.#wakeSender = undefined;
  }

  [Symbol.asyncIterator](): Pick<AsyncGenerator<F, void>, "next" | "return"> {
    return {
      next: () => this.#next(),
      return: () => {
        this.#drop();
        return Promise.resolve({ done: true, value: undefined });
      },
    };
  }

  async #next(): Promise<IteratorResult<F, void>> {
    while (this.#frames.length === 0 && this.#state === "open") {
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    const next = this.#frames.shift();
    if (next !== undefined) {
      this.#weight -= next.weight;
      this.#tellSender();
      return { done: false, value: next.frame };
    }
    this.#drop();
    const failure = this.#failure;
    this.#failure = undefined;
    if (failure !== undefined) throw failure;
    return { done: true, value: undefined };
  }
}
