/**
 * Does something soon, once for all who plan it meanwhile. The first time in a turn of the event loop that is when everything
 * ready to run has run: waiting for the turn's end would cost each hop of a lone message a round of the loop. What is planned
 * later in the same turn is done together at its end, so that a hundred connections that are read in one turn cost one frame.
 */
export class Soon {
  readonly #act: () => void;
  #isPlanned = false;
  #actedThisTurn = false;

  constructor(act: () => void) {
    this.#act = act;
  }

  plan(): void {
    if (this.#isPlanned) return;
    this.#isPlanned = true;
    if (this.#actedThisTurn) setImmediate(this.#do);
    else queueMicrotask(this.#afterMicrotasks);
  }

  /** A tick that is planned in a microtask comes when none is left. */
  readonly #afterMicrotasks = (): void => process.nextTick(this.#do);

  readonly #do = (): void => {
    this.#isPlanned = false;
    if (!this.#actedThisTurn) setImmediate(this.#endTurn);
    this.#actedThisTurn = true;
    this.#act();
  };

  readonly #endTurn = (): void => {
    this.#actedThisTurn = false;
  };
}
