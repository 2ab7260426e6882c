/** A runner that answers nothing for this long lets nothing run. */
export const unansweredMsMax = 10_000;

/** A runner with code in it that goes on though its attempt was cancelled and given up. */
export interface StuckRunner {
  /** Attempts that were given up. */
  readonly ignored: number;
  /** Attempts in it that have not ended. */
  readonly live: number;
  /** How long it has owed an answer. 0: it owes none. */
  readonly unansweredMs: number;
}

export type ReplacementDecision =
  | { readonly kind: "keep" }
  /** `reason`: for a person, and for the attempts that are lost with it. */
  | { readonly kind: "replace"; readonly reason: string };

/**
 * Whether a runner is ended for the sake of code in it that ignores its cancellation: once nothing else is in it, so that
 * nobody's result is harmed; or when it lets nothing else run, so that there is none to be had.
 */
export function decideReplacement({ ignored, live, unansweredMs }: StuckRunner): ReplacementDecision {
  if (ignored === 0) return { kind: "keep" };
  if (live === 0) return { kind: "replace", reason: "only code that ignored its cancellation was left in it" };
  if (unansweredMs < unansweredMsMax) return { kind: "keep" };
  return { kind: "replace", reason: "code that ignored its cancellation let nothing else run in it" };
}
