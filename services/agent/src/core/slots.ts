import { LatestAttempts } from "./latest-attempts.ts";

/** An execution id and an attempt number. */
export interface AttemptKey {
  readonly executionId: string;
  readonly attempt: number;
  /** Both, to find the attempt by. Made once for each. */
  readonly text: string;
  /** What the attempt does with its slot, which `Slots` alone reads and writes: so it need not look for it. Undefined: it has none. */
  hold: unknown;
}

export function attemptKey(executionId: string, attempt: number): AttemptKey {
  return { executionId, attempt, text: attemptText(executionId, attempt), hold: undefined };
}

/** Of a first attempt, which most are, the execution's id itself: no text has to be made for it, and none hashed again. */
export function attemptText(executionId: string, attempt: number): string {
  return attempt === 1 ? executionId : `${executionId} ${attempt}`;
}

/**
 * What an attempt is doing with its slot:
 * - holding: it has one;
 * - lent: it waits for children, others may have its slot;
 * - resuming: a child has ended and it waits for a slot, ahead of new work.
 */
type Hold<End> =
  { readonly kind: "holding" } | { readonly kind: "lent" } | { readonly kind: "resuming"; readonly undelivered: End[] };

const holding = { kind: "holding" } as const;
const lent = { kind: "lent" } as const;

/** What happens to the slots of a replica, with the key that an attempt was dispatched by. `End` is how a child call ended, carried along unread. */
export type SlotEvent<End> =
  | { readonly kind: "dispatched"; readonly key: AttemptKey }
  | { readonly kind: "ended"; readonly key: AttemptKey }
  /** All that the attempt does is wait for children. */
  | { readonly kind: "parked"; readonly key: AttemptKey }
  | { readonly kind: "childEnded"; readonly parent: AttemptKey; readonly end: End }
  | { readonly kind: "draining" }
  /** The runner is to be replaced once nothing is left in it: until then only what its parents wait for may come. */
  | { readonly kind: "retiring"; readonly is: boolean }
  | { readonly kind: "totalChanged"; readonly total: number };

export type SlotEffect<End> =
  | { readonly kind: "run"; readonly key: AttemptKey }
  | {
      readonly kind: "refuse";
      readonly key: AttemptKey;
      readonly reason: "SLOTS_FULL" | "REPLICA_DRAINING" | "STALE_ATTEMPT";
    }
  /** Tell the attempt how its children ended; it holds a slot now. */
  | { readonly kind: "deliver"; readonly key: AttemptKey; readonly ends: readonly End[] };

/**
 * The slots of one replica: the only authority on them. A dispatch gets a slot only when one is free after everybody who
 * waits to resume; so attempts that hold a slot never exceed the total, whatever routers believe, and a parent's wait to
 * resume ends with the next slot that is given back.
 */
export class Slots<End> {
  /** In the order they will resume. */
  readonly #resuming = new Set<AttemptKey>();
  readonly #latest = new LatestAttempts();
  #total: number;
  #live = 0;
  #holding = 0;
  #lent = 0;
  #draining = false;
  #retiring = false;
  #taken = 0;
  readonly #singleUse: boolean;

  /** `singleUse`: the first dispatch that is taken is the only one. */
  constructor(total: number, singleUse = false) {
    this.#total = total;
    this.#singleUse = singleUse;
  }

  get total(): number {
    return this.#total;
  }

  /** Slots a dispatch would get now. While somebody waits to resume every slot is held: what comes free goes there first. */
  get free(): number {
    const takesNone = this.#draining || this.#isUsedUp || (this.#retiring && this.lent === 0);
    return takesNone ? 0 : Math.max(0, this.#total - this.#holding);
  }

  /** Dispatches taken since the start. */
  get taken(): number {
    return this.#taken;
  }

  /** Whether the one dispatch it is there for was taken and has ended. */
  get isServed(): boolean {
    return this.#isUsedUp && this.#live === 0;
  }

  get #isUsedUp(): boolean {
    return this.#singleUse && this.#taken > 0;
  }

  /** Attempts that hold a slot. */
  get busy(): number {
    return this.#holding;
  }

  /** Attempts that lent theirs and have not got it back. */
  get lent(): number {
    return this.#lent + this.#resuming.size;
  }

  get draining(): boolean {
    return this.#draining;
  }

  /** Attempts that have not ended, with or without a slot. */
  get live(): number {
    return this.#live;
  }

  step(event: SlotEvent<End>): SlotEffect<End>[] {
    switch (event.kind) {
      case "dispatched":
        return [this.#dispatch(event.key)];
      case "ended":
        return this.#end(event.key);
      case "parked":
        return this.#park(event.key);
      case "childEnded":
        return this.#childEnded(event.parent, event.end);
      case "draining":
        this.#draining = true;
        return [];
      case "retiring":
        this.#retiring = event.is;
        return [];
      case "totalChanged":
        this.#total = event.total;
        return this.#resume();
    }
  }

  #dispatch(key: AttemptKey): SlotEffect<End> {
    if (key.attempt <= this.#latest.of(key.executionId)) return { kind: "refuse", key, reason: "STALE_ATTEMPT" };
    if (this.#draining) return { kind: "refuse", key, reason: "REPLICA_DRAINING" };
    if (this.free === 0) return { kind: "refuse", key, reason: "SLOTS_FULL" };
    this.#latest.remember(key);
    key.hold = holding;
    this.#live += 1;
    this.#taken += 1;
    this.#holding += 1;
    return { kind: "run", key };
  }

  #end(key: AttemptKey): SlotEffect<End>[] {
    const hold = this.#holdOf(key);
    if (hold === undefined) return [];
    key.hold = undefined;
    this.#live -= 1;
    switch (hold.kind) {
      case "holding":
        this.#holding -= 1;
        break;
      case "lent":
        this.#lent -= 1;
        break;
      case "resuming":
        this.#resuming.delete(key);
    }
    return this.#resume();
  }

  #park(key: AttemptKey): SlotEffect<End>[] {
    if (this.#holdOf(key)?.kind !== "holding") return [];
    key.hold = lent;
    this.#holding -= 1;
    this.#lent += 1;
    return this.#resume();
  }

  #childEnded(parent: AttemptKey, end: End): SlotEffect<End>[] {
    const hold = this.#holdOf(parent);
    switch (hold?.kind) {
      case "holding":
        return [{ kind: "deliver", key: parent, ends: [end] }];
      case "resuming":
        hold.undelivered.push(end);
        return [];
      case "lent":
        parent.hold = { kind: "resuming", undelivered: [end] } satisfies Hold<End>;
        this.#lent -= 1;
        this.#resuming.add(parent);
        return this.#resume();
      case undefined:
        return [];
    }
  }

  #holdOf({ hold }: AttemptKey): Hold<End> | undefined {
    return hold as Hold<End> | undefined;
  }

  /** Gives slots that are free to those who wait to resume, longest waiting first. */
  #resume(): SlotEffect<End>[] {
    const effects: SlotEffect<End>[] = [];
    for (const key of this.#resuming) {
      const hold = this.#holdOf(key);
      if (this.#holding >= this.#total || hold?.kind !== "resuming") break;
      this.#resuming.delete(key);
      key.hold = holding;
      this.#holding += 1;
      effects.push({ kind: "deliver", key, ends: hold.undelivered });
    }
    return effects;
  }
}
