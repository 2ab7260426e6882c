import type { Execution } from "./execution.ts";

export interface RetentionBounds {
  readonly ttlMs: number;
  readonly countMax: number;
  /** Arguments and results together. */
  readonly bytesMax: number;
}

/** Those that a router can still answer for. */
export const retention: RetentionBounds = { ttlMs: 10 * 60_000, countMax: 100_000, bytesMax: 256 * 1024 * 1024 };

/** So many that have left are let go together: to take the head off a long list costs as much as the list is long. */
const leftMax = 10_000;

/** Keeps ended executions for a while, so that late questions and repeats get their answer; oldest out first. */
export class EndedExecutions {
  readonly #bounds: RetentionBounds;
  /** In the order they were added; the first `#left` have left. */
  readonly #inOrder: Execution[] = [];
  readonly #endedAt: number[] = [];
  readonly #sizes: number[] = [];
  #left = 0;
  #bytes = 0;

  constructor(bounds: RetentionBounds) {
    this.#bounds = bounds;
  }

  /** Adds one that has ended. `bytes`: its arguments and its result. */
  add(execution: Execution, endedAt: number, bytes: number): void {
    this.#inOrder.push(execution);
    this.#endedAt.push(endedAt);
    this.#sizes.push(bytes);
    this.#bytes += bytes;
  }

  /** How many more there are than the bound on their number. */
  get excess(): number {
    return this.#inOrder.length - this.#left - this.#bounds.countMax;
  }

  /** Takes out those that are over a bound. */
  expire(now: number): Execution[] {
    const from = this.#left;
    while (this.#left < this.#inOrder.length && this.#isOver(now)) {
      this.#bytes -= this.#sizes[this.#left] ?? 0;
      this.#left += 1;
    }
    const expired = this.#inOrder.slice(from, this.#left);
    if (this.#left > leftMax) {
      for (const list of [this.#inOrder, this.#endedAt, this.#sizes]) list.splice(0, this.#left);
      this.#left = 0;
    }
    return expired;
  }

  /** Whether the oldest is to leave. */
  #isOver(now: number): boolean {
    const { ttlMs, bytesMax } = this.#bounds;
    const isOld = (this.#endedAt[this.#left] ?? 0) + ttlMs <= now;
    return isOld || this.excess > 0 || this.#bytes > bytesMax;
  }
}
