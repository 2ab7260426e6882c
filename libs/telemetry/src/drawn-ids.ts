import { RandomIdGenerator } from "@opentelemetry/sdk-trace";

const digits = "0123456789abcdef";

/** The ids of a new trace, drawn before there is a span, so that a sampler can decide whether there will be one. */
export class DrawnIds extends RandomIdGenerator {
  /**
   * Overwritten in place: a text that is read from it is one flat string. Slices and sums of strings cost more to read, and
   * to keep while an execution waits.
   */
  readonly #traceparent = Buffer.from(`00-${"0".repeat(32)}-${"0".repeat(16)}-00`, "latin1");

  /** Draws a trace id and a span id, from what OpenTelemetry's own generator draws them. Returns the trace id. */
  draw(): string {
    this.#fill(3, 35);
    this.#fill(36, 52);
    return this.generateTraceId();
  }

  /** What was drawn last, as the context of a span that is not sampled. */
  unsampledTraceparent(): string {
    return this.#traceparent.toString("latin1");
  }

  /** The trace id that was drawn last: what the SDK calls when a span begins a trace. */
  override generateTraceId(): string {
    return this.#traceparent.toString("latin1", 3, 35);
  }

  #fill(from: number, to: number): void {
    for (let start = from; start < to; start += 8) {
      let bits = Math.random() * 2 ** 32;
      for (let at = start; at < start + 8; at++) {
        this.#traceparent[at] = digits.charCodeAt(bits & 15);
        bits >>>= 4;
      }
    }
  }
}
