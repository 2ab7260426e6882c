/** A value cannot travel. `reason` is registered: NOT_SERIALIZABLE, PAYLOAD_TOO_LARGE or INVALID_ARGUMENTS. */
export class PayloadError extends Error {
  override readonly name = "PayloadError";
  readonly reason: "NOT_SERIALIZABLE" | "PAYLOAD_TOO_LARGE" | "INVALID_ARGUMENTS";

  constructor(reason: PayloadError["reason"], message: string) {
    super(message);
    this.reason = reason;
  }
}
