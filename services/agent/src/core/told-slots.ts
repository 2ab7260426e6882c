/** How the slots stand, as a router is told. */
export interface SlotCount {
  readonly total: number;
  /** Slots a dispatch would get now. */
  readonly free: number;
}

/**
 * What one router knows of the slots. It subtracts every dispatch that it sends from the last count it was told, so most
 * dispatches need no word.
 */
export class ToldSlots {
  #seen = 0;
  #last: { readonly total: number; readonly free: number; readonly seen: number } | undefined;

  /** Dispatches received on its stream. */
  get seen(): number {
    return this.#seen;
  }

  /** A dispatch of this router is here, whatever becomes of it. */
  dispatchReceived(): void {
    this.#seen += 1;
  }

  /** Whether the router has to be told, because it would take the slots for other than they are. If so it counts as told. */
  mustTell({ total, free }: SlotCount): boolean {
    const last = this.#last;
    if (last !== undefined && last.total === total && Math.max(0, last.free - (this.#seen - last.seen)) === free) {
      return false;
    }
    this.#last = { total, free, seen: this.#seen };
    return true;
  }
}
