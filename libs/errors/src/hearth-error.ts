import type { Reason } from "./reasons.ts";

/** A message may quote what a caller sent, and travels in a header. */
const messageLengthMax = 2_000;

/** A refusal with a registered reason. Clients branch on `reason`; `message` tells a person what to change. */
export class HearthError extends Error {
  override readonly name = "HearthError";
  readonly reason: Reason;
  /** Figures behind the reason, by keys that spell their unit, such as `retryAfterMs`. */
  readonly metadata: Readonly<Record<string, string>>;

  constructor(reason: Reason, message: string, metadata: Readonly<Record<string, string>> = {}) {
    super(fitMessage(message));
    this.reason = reason;
    this.metadata = metadata;
  }
}

/** A message as an error has it: cut in the middle, and without halves of characters, which no header can carry. */
export function fitMessage(message: string): string {
  const left = message.length - messageLengthMax;
  if (left <= 0) return message.toWellFormed();
  const half = messageLengthMax / 2;
  const cut = `${message.slice(0, half)}... ${left} characters left out ...${message.slice(-half)}`;
  return cut.toWellFormed();
}
