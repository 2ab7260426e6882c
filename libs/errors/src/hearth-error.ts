import type { Reason } from "./reasons.ts";

/** A refusal with a registered reason. Clients branch on `reason`; `message` tells a person what to change. */
export class HearthError extends Error {
  override readonly name = "HearthError";
  readonly reason: Reason;
  /** Figures behind the reason, by keys that spell their unit, such as `retryAfterMs`. */
  readonly metadata: Readonly<Record<string, string>>;

  constructor(reason: Reason, message: string, metadata: Readonly<Record<string, string>> = {}) {
    super(message);
    this.reason = reason;
    this.metadata = metadata;
  }
}
