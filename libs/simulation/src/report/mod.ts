/** What a simulation came to. */
export type { Courses, Figures } from "./figures.ts";
export type { Stretch } from "./level-over-time.ts";
export { quantile, spreadOf, type DistributionPoint, type Spread } from "./quantiles.ts";
export { Recorder, type EndedExecution } from "./recorder.ts";
