interface Entry<T> {
  readonly item: T;
  readonly at: number;
}

/** Replaced and removed entries stay in the heap up to this many more than there are items. */
const staleMax = 64;

/**
 * What is to be looked at again at some moment, the soonest first. Setting and taking one cost the logarithm of how many
 * there are; memory is bounded by twice that.
 */
export class DueTimes<T> {
  /** A binary heap by time. An entry that is not its item's own any more is stale. */
  #heap: Entry<T>[] = [];
  readonly #entries = new Map<T, Entry<T>>();

  get size(): number {
    return this.#entries.size;
  }

  /** Entries kept, the stale ones included. */
  get entries(): number {
    return this.#heap.length;
  }

  /** The soonest moment; Infinity when there is none. */
  get next(): number {
    return this.#heap[0]?.at ?? Infinity;
  }

  /** Replaces the item's moment. Infinity: it has none any more. */
  set(item: T, at: number): void {
    const before = this.#entries.get(item);
    if (before?.at === at || (before === undefined && at === Infinity)) return;
    if (at === Infinity) this.#entries.delete(item);
    else {
      const entry = { item, at };
      this.#entries.set(item, entry);
      this.#push(entry);
    }
    if (this.#heap.length > 2 * this.#entries.size + staleMax) this.#rebuild();
    this.#dropStale();
  }

  /** Takes out one whose moment has come, the soonest first. */
  take(now: number): T | undefined {
    const first = this.#heap[0];
    if (first === undefined || first.at > now) return undefined;
    this.#entries.delete(first.item);
    this.#dropStale();
    return first.item;
  }

  /** So that the first entry is never a stale one. */
  #dropStale(): void {
    for (let first = this.#heap[0]; first !== undefined; first = this.#heap[0]) {
      if (this.#entries.get(first.item) === first) return;
      const last = this.#heap.pop();
      if (last !== undefined && last !== first) this.#sink(last, 0);
    }
  }

  #rebuild(): void {
    // In order, which is a heap too.
    this.#heap = [...this.#entries.values()].sort((a, b) => a.at - b.at);
  }

  #push(entry: Entry<T>): void {
    let place = this.#heap.length;
    while (place > 0) {
      const above = (place - 1) >> 1;
      const parent = this.#heap[above];
      if (parent === undefined || parent.at <= entry.at) break;
      this.#heap[place] = parent;
      place = above;
    }
    this.#heap[place] = entry;
  }

  #sink(entry: Entry<T>, from: number): void {
    let place = from;
    for (;;) {
      const left = this.#heap[2 * place + 1];
      const right = this.#heap[2 * place + 2];
      if (left === undefined) break;
      const isRight = right !== undefined && right.at < left.at;
      const child = isRight ? right : left;
      if (child.at >= entry.at) break;
      this.#heap[place] = child;
      place = 2 * place + (isRight ? 2 : 1);
    }
    this.#heap[place] = entry;
  }
}
