/** What is asked of an environment: made up, or as it was recorded. */
export type { Arrival, Chance, Workload } from "./arrival.ts";
export { meanDurationMs, drawDurations, type Durations } from "./durations.ts";
export { expectedArrivals, synthesize, type Source, type SyntheticWorkload } from "./synthetic.ts";
export { readTrace, TraceError } from "./trace.ts";
