interface Entry {
  readonly atMs: number;
  /** What was scheduled first happens first among what happens in one moment. */
  readonly order: number;
  readonly happen: () => void;
}

/** Virtual time: what is to happen, in order, and nothing in between. A binary heap. */
export class EventQueue {
  readonly #heap: Entry[] = [];
  #order = 0;
  #nowMs = 0;

  get nowMs(): number {
    return this.#nowMs;
  }

  /** How much is still to happen. */
  get size(): number {
    return this.#heap.length;
  }

  /** Lets something happen at a moment; one that has passed counts as now. */
  at(atMs: number, happen: () => void): void {
    this.#up({ atMs: Math.max(atMs, this.#nowMs), order: this.#order++, happen });
  }

  after(delayMs: number, happen: () => void): void {
    this.at(this.#nowMs + delayMs, happen);
  }

  /** Lets the next thing happen, unless it is later than `untilMs`. False when there was none. */
  step(untilMs = Infinity): boolean {
    const next = this.#heap[0];
    if (next === undefined || next.atMs > untilMs) return false;
    const last = this.#heap.pop();
    if (last !== undefined && last !== next) this.#down(last);
    this.#nowMs = next.atMs;
    next.happen();
    return true;
  }

  /** Lets everything happen up to and with a moment, which then is now. */
  runUntil(untilMs: number): void {
    while (this.step(untilMs));
    this.#nowMs = Math.max(this.#nowMs, untilMs);
  }

  #up(entry: Entry): void {
    const heap = this.#heap;
    let place = heap.length;
    while (place > 0) {
      const parentPlace = (place - 1) >> 1;
      const parent = heap[parentPlace];
      if (parent === undefined || !isBefore(entry, parent)) break;
      heap[place] = parent;
      place = parentPlace;
    }
    heap[place] = entry;
  }

  #down(entry: Entry): void {
    const heap = this.#heap;
    let place = 0;
    for (;;) {
      let childPlace = 2 * place + 1;
      const left = heap[childPlace];
      const right = heap[childPlace + 1];
      if (left === undefined) break;
      let child = left;
      if (right !== undefined && isBefore(right, left)) {
        child = right;
        childPlace += 1;
      }
      if (!isBefore(child, entry)) break;
      heap[place] = child;
      place = childPlace;
    }
    heap[place] = entry;
  }
}

function isBefore(a: Entry, b: Entry): boolean {
  return a.atMs === b.atMs ? a.order < b.order : a.atMs < b.atMs;
}
