/**
 * Says when an attempt lends its slot: with its first call, and again when, two turns of the event loop after calls
 * ended, calls are still outstanding. The two turns give the task's code its chance to go on.
 */
export class Parking {
  readonly #park: () => void;
  #outstanding = 0;
  #parked = false;
  /** Grows with every call that ended; a check that finds another number than it was made with is stale. */
  #ends = 0;
  #checking = false;

  constructor(park: () => void) {
    this.#park = park;
  }

  /** A call was sent. */
  called(): void {
    this.#outstanding += 1;
    this.#parkUnlessChecking();
  }

  /** A call was given up by its attempt; the agent's answer is still to come. */
  gaveUp(): void {
    this.#outstanding -= 1;
  }

  /** The agent answered a call: the attempt has a slot. `gaveUp`: the call is not counted any more. */
  answered(options: { readonly gaveUp: boolean }): void {
    if (!options.gaveUp) this.#outstanding -= 1;
    this.#parked = false;
    const end = ++this.#ends;
    this.#checking = true;
    setImmediate(() =>
      setImmediate(() => {
        if (end !== this.#ends) return;
        this.#checking = false;
        if (this.#outstanding > 0) this.#parkUnlessChecking();
      }),
    );
  }

  #parkUnlessChecking(): void {
    if (this.#parked || this.#checking) return;
    this.#parked = true;
    this.#park();
  }
}
