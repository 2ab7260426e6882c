import { RandomIdGenerator } from "@opentelemetry/sdk-trace";
import { decisiveDigits, decisiveMax } from "./sampling.ts";

/** Ids of new traces, of which the part that decides about sampling is drawn first: most traces need no more. */
export class DrawnIds extends RandomIdGenerator {
  #decisive = 0;

  /** Begins a new trace: draws what decides whether it is sampled. */
  drawDecisive(): number {
    return (this.#decisive = Math.floor(Math.random() * decisiveMax));
  }

  /** The rest of the id of the trace that was begun last: what the SDK calls when a span begins a trace. */
  override generateTraceId(): string {
    const id = super.generateTraceId();
    const [from, to] = decisiveDigits;
    return id.slice(0, from) + this.#decisive.toString(16).padStart(to - from, "0") + id.slice(to);
  }
}
