import type { Clock } from "@hearth/clock";
import type { End } from "../core/end-cause.ts";
import type { Attempts } from "./run-attempts.ts";

const checkEveryMs = 20;
/** Routers get this long to take the last outcomes. */
const acknowledgeGraceMs = 2_000;

/** Lets a replica end: nothing new is taken, what runs may finish within the grace period, then `end` is called, once. */
export class Drain {
  readonly #attempts: Attempts;
  readonly #clock: Clock;
  readonly #end: (end: End) => void;
  #begun = false;

  constructor(options: { readonly attempts: Attempts; readonly clock: Clock; readonly end: (end: End) => void }) {
    this.#attempts = options.attempts;
    this.#clock = options.clock;
    this.#end = options.end;
  }

  /** Asking again changes nothing. */
  begin(end: End, graceMs: number): void {
    if (this.#begun) return;
    this.#begun = true;
    this.#attempts.drain(end);
    const giveUpAt = this.#clock.now() + graceMs;
    const endAt = giveUpAt + acknowledgeGraceMs;
    const check = (): void => {
      const now = this.#clock.now();
      if (now >= giveUpAt) this.#attempts.giveUp();
      if (!this.#attempts.isDone && now < endAt) return;
      timer.cancel();
      this.#end(end);
    };
    const timer = this.#clock.every(checkEveryMs, check);
  }
}
