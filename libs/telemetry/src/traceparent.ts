import { decisiveDigits } from "./sampling.ts";

/** Version 00 of https://www.w3.org/TR/trace-context/. */
const pattern = /^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;
const [noTraceId, noSpanId] = ["0".repeat(32), "0".repeat(16)];
const oddDigits = "13579bdf";

/** Whether it can be continued; the functions below expect that. Anything else starts a new trace. */
export function isTraceparent(text: string): boolean {
  // Mostly there is none.
  return text !== "" && pattern.test(text) && !text.startsWith(noTraceId, 3) && !text.startsWith(noSpanId, 36);
}

export function isSampled(traceparent: string): boolean {
  return oddDigits.includes(traceparent.charAt(54));
}

/** What decides whether a trace is sampled by its id. */
export function decisiveOf(traceparent: string): number {
  const [from, to] = decisiveDigits;
  return Number.parseInt(traceIdOf(traceparent).slice(from, to), 16);
}

export function traceIdOf(traceparent: string): string {
  return traceparent.slice(3, 35);
}

export function spanIdOf(traceparent: string): string {
  return traceparent.slice(36, 52);
}
