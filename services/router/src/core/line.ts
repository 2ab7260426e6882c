/** What can stand in a line, in one at a time. Lines alone write these. */
export interface InLine<T extends InLine<T>> {
  /** Undefined: it stands in none. */
  line: Line<T> | undefined;
  before: T | undefined;
  after: T | undefined;
}

/**
 * Items in the order they came: a list through the items themselves, so that one leaves from anywhere without a search, and thousands
 * cost no lists. A `Map` would, and V8 keeps what stood in its tables alive for long.
 */
export class Line<T extends InLine<T>> {
  #first: T | undefined;
  #last: T | undefined;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get first(): T | undefined {
    return this.#first;
  }

  /** Puts one last that stands in no line. */
  put(item: T): void {
    item.line = this;
    item.before = this.#last;
    if (this.#last === undefined) this.#first = item;
    else this.#last.after = item;
    this.#last = item;
    this.#size += 1;
  }

  /** Takes one out, wherever it is. False, and nothing is done, when it is not here. */
  delete(item: T): boolean {
    if (item.line !== this) return false;
    const { before, after } = item;
    if (before === undefined) this.#first = after;
    else before.after = after;
    if (after === undefined) this.#last = before;
    else after.before = before;
    item.line = undefined;
    item.before = undefined;
    item.after = undefined;
    this.#size -= 1;
    return true;
  }

  *[Symbol.iterator](): Iterator<T> {
    for (let item = this.#first; item !== undefined; item = item.after) yield item;
  }
}
