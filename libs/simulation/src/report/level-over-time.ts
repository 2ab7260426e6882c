/** A stretch of time and the level in it. */
export interface Stretch {
  readonly fromMs: number;
  readonly toMs: number;
  readonly mean: number;
  readonly max: number;
}

/** Stretches are kept until there are so many; then each two become one. */
const stretchesMax = 1_024;

/**
 * A level that changes by steps, such as the number of replicas: its area, its highest value, and its course in at most 1,024
 * stretches of equal length, however long it takes.
 */
export class LevelOverTime {
  #level = 0;
  #sinceMs = 0;
  #area = 0;
  #max = 0;
  #stretchMs = 1;
  #areas: number[] = [];
  #highest: number[] = [];

  get level(): number {
    return this.#level;
  }

  /** The highest level so far. */
  get max(): number {
    return this.#max;
  }

  /** Level times milliseconds, up to `nowMs`. */
  areaUntil(nowMs: number): number {
    return this.#area + this.#level * (nowMs - this.#sinceMs);
  }

  /** The level is another one from `nowMs` on. */
  set(level: number, nowMs: number): void {
    this.#passTo(nowMs);
    this.#level = level;
    if (level > this.#max) this.#max = level;
    const stretch = this.#stretchAt(nowMs);
    this.#highest[stretch] = Math.max(this.#highest[stretch] ?? 0, level);
  }

  add(difference: number, nowMs: number): void {
    this.set(this.#level + difference, nowMs);
  }

  /** Its course up to `nowMs`. */
  until(nowMs: number): readonly Stretch[] {
    this.#passTo(nowMs);
    return this.#areas.flatMap((area, index) => {
      const fromMs = index * this.#stretchMs;
      const toMs = Math.min(nowMs, fromMs + this.#stretchMs);
      return toMs > fromMs ? [{ fromMs, toMs, mean: area / (toMs - fromMs), max: this.#highest[index] ?? 0 }] : [];
    });
  }

  #passTo(nowMs: number): void {
    const last = this.#stretchAt(nowMs);
    for (let index = Math.floor(this.#sinceMs / this.#stretchMs); index <= last; index += 1) {
      const fromMs = Math.max(this.#sinceMs, index * this.#stretchMs);
      const toMs = Math.min(nowMs, (index + 1) * this.#stretchMs);
      this.#areas[index] = (this.#areas[index] ?? 0) + this.#level * Math.max(0, toMs - fromMs);
      this.#highest[index] = Math.max(this.#highest[index] ?? 0, toMs > fromMs ? this.#level : 0);
    }
    this.#area = this.areaUntil(nowMs);
    this.#sinceMs = nowMs;
  }

  /** The stretch this moment falls in, after the stretches became long enough to reach it. */
  #stretchAt(ms: number): number {
    while (ms >= this.#stretchMs * stretchesMax) {
      const pairs = Math.ceil(this.#areas.length / 2);
      const of = (values: readonly number[], index: number): number => values[index] ?? 0;
      this.#areas = Array.from({ length: pairs }, (_, i) => of(this.#areas, 2 * i) + of(this.#areas, 2 * i + 1));
      this.#highest = Array.from({ length: pairs }, (_, i) =>
        Math.max(of(this.#highest, 2 * i), of(this.#highest, 2 * i + 1)),
      );
      this.#stretchMs *= 2;
    }
    return Math.floor(ms / this.#stretchMs);
  }
}
