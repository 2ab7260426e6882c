/** Entries whose numbers differ by less than this never want the same place. A power of two. */
const places = 1_024;
/** The number of a place without an entry: no other is equal to it. */
const none = NaN;

/**
 * A map for what is numbered one after the other and goes again soon, most of it in the order it came. An entry lies at the place
 * that its number says, so that thousands may come and go each second and nothing is hashed, moved or thrown away. What is still there
 * when a later one wants its place moves to a `Map`.
 */
export class NumberedMap<Value> implements Iterable<readonly [number, Value]> {
  readonly #numbers = new Array<number>(places).fill(none);
  readonly #values = new Array<Value | undefined>(places).fill(undefined);
  readonly #moved = new Map<number, Value>();
  #placed = 0;
  /** The highest number that was put in. */
  #last = 0;

  get size(): number {
    return this.#placed + this.#moved.size;
  }

  get(number: number): Value | undefined {
    const place = number & (places - 1);
    return this.#numbers[place] === number ? this.#values[place] : this.#moved.get(number);
  }

  /** Puts in an entry. `number`: a whole one from 0. An entry with it is replaced. */
  set(number: number, value: Value): void {
    const place = number & (places - 1);
    const other = this.#numbers[place] ?? none;
    // One that lags behind is as good as moved.
    if (other > number || (this.#moved.size > 0 && this.#moved.has(number))) return void this.#moved.set(number, value);
    if (Number.isNaN(other)) this.#placed += 1;
    else if (other !== number) this.#moved.set(other, this.#values[place] as Value);
    this.#numbers[place] = number;
    this.#values[place] = value;
    this.#last = Math.max(this.#last, number);
  }

  /** Takes out an entry. Undefined: there was none. */
  take(number: number): Value | undefined {
    const place = number & (places - 1);
    if (this.#numbers[place] !== number) return this.#takeMoved(number);
    const value = this.#values[place];
    this.#numbers[place] = none;
    this.#values[place] = undefined;
    this.#placed -= 1;
    return value;
  }

  *keys(): Generator<number> {
    for (const [number] of this) yield number;
  }

  *values(): Generator<Value> {
    for (const [, value] of this) yield value;
  }

  /** By their numbers, where those that lagged behind come first. What is taken out meanwhile is passed; nothing may be put in. */
  *[Symbol.iterator](): Generator<readonly [number, Value]> {
    yield* this.#moved;
    for (let number = Math.max(0, this.#last - places + 1); number <= this.#last; number++) {
      const place = number & (places - 1);
      const placed = this.#numbers[place] ?? none;
      if (!Number.isNaN(placed)) yield [placed, this.#values[place] as Value];
    }
  }

  #takeMoved(number: number): Value | undefined {
    if (this.#moved.size === 0) return undefined;
    const value = this.#moved.get(number);
    this.#moved.delete(number);
    return value;
  }
}
