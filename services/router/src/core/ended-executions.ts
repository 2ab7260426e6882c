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
  #left = 0;
  #bytes = 0;

  constructor(bounds: RetentionBounds) {
    this.#bounds = bounds;
  }

  /** Adds one that has ended. */
  add(execution: Execution): void {
    this.#inOrder.push(execution);
    this.#bytes += bytesOf(execution);
  }

  /** Takes out those that are over a bound. */
  expire(now: number): Execution[] {
    const from = this.#left;
    for (let oldest = this.#oldest; oldest !== undefined && this.#isOver(oldest, now); oldest = this.#oldest) {
      this.#left += 1;
      this.#bytes -= bytesOf(oldest);
    }
    const expired = this.#inOrder.slice(from, this.#left);
    if (this.#left > leftMax) {
      this.#inOrder.splice(0, this.#left);
      this.#left = 0;
    }
    return expired;
  }

  get #oldest(): Execution | undefined {
    return this.#inOrder[this.#left];
  }

  #isOver({ state }: Execution, now: number): boolean {
    const { ttlMs, countMax, bytesMax } = this.#bounds;
    const isOld = state.kind === "ended" && state.at + ttlMs <= now;
    return isOld || this.#inOrder.length - this.#left > countMax || this.#bytes > bytesMax;
  }
}

function bytesOf({ argumentBytes, state }: Execution): number {
  return argumentBytes + (state.kind === "ended" ? state.end.resultBytes : 0);
}
