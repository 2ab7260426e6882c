/** Of this many executions the latest attempt is remembered at least, and of twice as many at most. */
const rememberedMin = 1_000;

/**
 * The highest attempt number seen of each execution, so that an older one is known as stale. Those seen longest ago are forgotten
 * all at once: to take one out of a large map for each that comes costs more than all else that is done for it.
 */
export class LatestAttempts {
  #recent = new Map<string, number>();
  #earlier: ReadonlyMap<string, number> = new Map();

  /** 0: none is remembered. */
  of(executionId: string): number {
    return this.#recent.get(executionId) ?? this.#earlier.get(executionId) ?? 0;
  }

  remember({ executionId, attempt }: { readonly executionId: string; readonly attempt: number }): void {
    this.#recent.set(executionId, attempt);
    if (this.#recent.size < rememberedMin) return;
    this.#earlier = this.#recent;
    this.#recent = new Map();
  }
}
