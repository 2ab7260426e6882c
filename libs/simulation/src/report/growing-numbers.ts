/** Numbers in the order they came, eight bytes each. */
export class GrowingNumbers {
  #values = new Float64Array(1_024);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(value: number): void {
    if (this.#length === this.#values.length) {
      const more = new Float64Array(this.#values.length * 2);
      more.set(this.#values);
      this.#values = more;
    }
    this.#values[this.#length] = value;
    this.#length += 1;
  }

  /** A copy, the smallest first. */
  sorted(): Float64Array {
    return this.#values.slice(0, this.#length).sort();
  }
}
