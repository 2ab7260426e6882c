import type { Clock } from "@hearth/clock";
import { decideDrain, type DrainDecision } from "../core/decide-drain.ts";
import { idleSince } from "../core/idle-since.ts";
import type { End } from "../core/end-cause.ts";
import type { Attempts } from "./run-attempts.ts";

const checkEveryMs = 20;

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
    const begunAtMs = this.#clock.now();
    let idleSinceMs = 0;
    const decide = (): DrainDecision => {
      const { live, unacknowledged } = this.#attempts;
      const now = this.#clock.now();
      idleSinceMs = idleSince(idleSinceMs, live, now);
      return decideDrain({ begunAtMs, graceMs, live, idleSinceMs, unacknowledged }, now);
    };
    const check = (): void => {
      let decision = decide();
      if (decision.kind === "giveUp") {
        this.#attempts.giveUp();
        decision = decide();
      }
      if (decision.kind !== "end") return;
      timer.cancel();
      this.#end(end);
    };
    const timer = this.#clock.every(checkEveryMs, check);
  }
}
