import { freeSlots, type Replica } from "./replica.ts";

/**
 * The replicas of a pool that have a free slot, the one to use next first: the one with the fewest busy slots, and among
 * equals the one used most recently, so that the others get to be idle. A binary heap, since pools have thousands of
 * replicas and every dispatch moves one.
 */
export class FreeReplicas {
  readonly #heap: Replica[] = [];
  readonly #places = new Map<Replica, number>();

  get size(): number {
    return this.#heap.length;
  }

  has(replica: Replica): boolean {
    return this.#places.has(replica);
  }

  /** Takes in that a replica's slots, or whether they may be used, have changed. */
  update(replica: Replica, usable: boolean): void {
    const place = this.#places.get(replica);
    if (!usable || freeSlots(replica) === 0) {
      if (place !== undefined) this.#remove(replica, place);
    } else if (place === undefined) this.#up(replica, this.#heap.push(replica) - 1);
    else this.#settle(replica, place);
  }

  /** The one to use next, but for `avoided` unless there is no other. */
  best(avoided = ""): Replica | undefined {
    const [first, second, third] = this.#heap;
    if (first?.id !== avoided || second === undefined) return first;
    return third !== undefined && isBefore(third, second) ? third : second;
  }

  #remove(replica: Replica, place: number): void {
    const last = this.#heap.pop();
    this.#places.delete(replica);
    if (last !== undefined && last !== replica) this.#settle(last, place);
  }

  /** Puts a replica where it belongs, from this place on. */
  #settle(replica: Replica, place: number): void {
    this.#up(replica, place);
    this.#down(replica, this.#places.get(replica) ?? place);
  }

  #up(replica: Replica, from: number): void {
    let place = from;
    while (place > 0) {
      const parentPlace = (place - 1) >> 1;
      const parent = this.#heap[parentPlace];
      if (parent === undefined || !isBefore(replica, parent)) break;
      this.#put(parent, place);
      place = parentPlace;
    }
    this.#put(replica, place);
  }

  #down(replica: Replica, from: number): void {
    let place = from;
    for (;;) {
      const left = this.#heap[2 * place + 1];
      const right = this.#heap[2 * place + 2];
      if (left === undefined) break;
      const [child, childPlace] =
        right !== undefined && isBefore(right, left) ? [right, 2 * place + 2] : [left, 2 * place + 1];
      if (!isBefore(child, replica)) break;
      this.#put(child, place);
      place = childPlace;
    }
    this.#put(replica, place);
  }

  #put(replica: Replica, place: number): void {
    this.#heap[place] = replica;
    this.#places.set(replica, place);
  }
}

function isBefore(a: Replica, b: Replica): boolean {
  const difference = a.total - freeSlots(a) - (b.total - freeSlots(b));
  return difference === 0 ? a.lastUsed > b.lastUsed : difference < 0;
}
