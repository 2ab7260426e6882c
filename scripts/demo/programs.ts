import type { Figures } from "./measure.ts";

/** An example the demo runs, and how its outcome is known to be right. */
export interface DemoProgram {
  readonly path: string;
  readonly about: string;
  /** Says what is wrong with the results of its runs, in the order they were made; undefined: nothing. */
  readonly check: (outcome: {
    readonly results: readonly unknown[];
    readonly figures: Figures;
  }) => string | undefined;
}

export const programs: readonly DemoProgram[] = [];
