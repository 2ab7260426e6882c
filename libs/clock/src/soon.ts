/** What is planned so soon after the last time waits for more: then much is going on, and more will come in this turn. */
const closeMs = 0.1;

/**
 * Does something soon, once for all who plan it meanwhile. After a while without, that is when everything ready to run has run:
 * waiting for the end of the event loop's turn would cost each hop of a lone message a round of the loop. What is planned right
 * after that is done together at the turn's end, so that a hundred connections that are read in one turn cost two frames.
 */
export class Soon {
  readonly #act: () => void;
  readonly #nowMs: () => number;
  #isPlanned = false;
  #actedAtMs = -Infinity;

  /** `nowMs`: milliseconds that only grow; default the system's. */
  constructor(act: () => void, nowMs = (): number => performance.now()) {
    this.#act = act;
    this.#nowMs = nowMs;
  }

  plan(): void {
    if (this.#isPlanned) return;
    this.#isPlanned = true;
    if (this.#nowMs() < this.#actedAtMs + closeMs) setImmediate(this.#do);
    else queueMicrotask(this.#afterMicrotasks);
  }

  /** A tick that is planned in a microtask comes when none is left. */
  readonly #afterMicrotasks = (): void => process.nextTick(this.#do);

  readonly #do = (): void => {
    this.#isPlanned = false;
    this.#actedAtMs = this.#nowMs();
    this.#act();
  };
}
