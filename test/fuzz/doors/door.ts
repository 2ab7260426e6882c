import type { Random } from "@hearth/simulation";

/** Where something comes in. */
export interface Door {
  readonly name: string;
  /** Sends one thing drawn from `random`, and returns what is wrong with how it was answered. */
  send(random: Random): Promise<readonly string[]>;
}
