import { freeSlots, type Replica } from "./replica.ts";

/**
 * The replicas of a pool that have a free slot, the one to use next first: the one with the fewest busy slots, and among
 * equals the one whose slots changed most recently, so that the others get to be idle. One that has just come, or come back,
 * is the last of its equals. Every dispatch moves one of thousands: that takes no longer than to move one of ten.
 */
export class FreeReplicas {
  /** By number of busy slots, those that have so many: a ring that begins with a link of no replica. */
  readonly #rings: Link[] = [];
  /** Every ring of fewer busy slots is empty. */
  #fewest = 0;

  get isEmpty(): boolean {
    return this.best() === undefined;
  }

  /** The replica may be used from now on. */
  add(replica: Replica): void {
    const isNew = replica.link === undefined;
    replica.link ??= new Link(replica);
    this.#settle(replica, replica.link, isNew);
  }

  /** Takes in that a replica's slots have changed. One that may not be used is not here whatever it has. */
  update(replica: Replica): void {
    if (replica.link !== undefined) this.#settle(replica, replica.link, false);
  }

  /** The replica may not be used any more. */
  remove(replica: Replica): void {
    replica.link?.leave();
    replica.link = undefined;
  }

  /** The one to use next, but for `avoided` unless there is no other. */
  best(avoided = ""): Replica | undefined {
    let only: Replica | undefined;
    for (let busy = this.#fewest; busy < this.#rings.length; busy++) {
      for (let link = this.#rings[busy]?.after; link?.replica !== undefined; link = link.after) {
        if (link.replica.id !== avoided) return link.replica;
        only = link.replica;
      }
      if (only === undefined) this.#fewest = busy + 1;
    }
    return only;
  }

  /** Puts it into the ring where it belongs, if it belongs into another one than before. */
  #settle(replica: Replica, link: Link, isNew: boolean): void {
    const busy = busySlots(replica);
    if (busy === link.busy) return;
    link.leave();
    if (busy === undefined) return;
    const ring = (this.#rings[busy] ??= new Link());
    link.enter(busy, isNew ? ring.before : ring);
    this.#fewest = Math.min(this.#fewest, busy);
  }
}

/** Holds a replica in its ring, and stays its own while it is full, so that using a slot creates nothing. */
export class Link {
  readonly replica: Replica | undefined;
  /** The ring it is in. Undefined: none. */
  busy: number | undefined;
  before: Link = this;
  after: Link = this;

  constructor(replica?: Replica) {
    this.replica = replica;
  }

  /** Goes into a ring, behind another link of it. */
  enter(busy: number, before: Link): void {
    this.busy = busy;
    this.before = before;
    this.after = before.after;
    this.before.after = this;
    this.after.before = this;
  }

  leave(): void {
    this.before.after = this.after;
    this.after.before = this.before;
    this.busy = undefined;
    this.before = this;
    this.after = this;
  }
}

/** More than a policy allows. It bounds the number of rings, whatever an agent says of its slots. */
const busyMax = 10_000;

/** How many slots are busy in a replica that has a free one; undefined when it has none. */
function busySlots(replica: Replica): number | undefined {
  const free = freeSlots(replica);
  return free === 0 ? undefined : Math.min(Math.floor(replica.total - free), busyMax);
}
