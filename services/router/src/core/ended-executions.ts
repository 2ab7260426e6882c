import type { Execution } from "./execution.ts";

export interface RetentionBounds {
  readonly ttlMs: number;
  readonly countMax: number;
  /** Arguments and results together. */
  readonly bytesMax: number;
}

/** Keeps ended executions for a while, so that late questions and repeats get their answer; oldest out first. */
export class EndedExecutions {
  readonly #bounds: RetentionBounds;
  readonly #inOrder = new Map<
    string,
    { readonly execution: Execution; readonly endedAt: number; readonly bytes: number }
  >();
  #bytes = 0;

  constructor(bounds: RetentionBounds) {
    this.#bounds = bounds;
  }

  add(execution: Execution, resultBytes: number, now: number): void {
    const bytes = execution.argumentBytes + resultBytes;
    this.#inOrder.set(execution.id, { execution, endedAt: now, bytes });
    this.#bytes += bytes;
  }

  /** Takes out those that are over a bound. */
  expire(now: number): Execution[] {
    const { ttlMs, countMax, bytesMax } = this.#bounds;
    const expired: Execution[] = [];
    for (const { execution, endedAt, bytes } of this.#inOrder.values()) {
      if (endedAt + ttlMs > now && this.#inOrder.size <= countMax && this.#bytes <= bytesMax) break;
      this.#inOrder.delete(execution.id);
      this.#bytes -= bytes;
      expired.push(execution);
    }
    return expired;
  }
}
