export type { Clock, Timer } from "./clock.ts";
export { ManualClock } from "./manual-clock.ts";
export { Soon } from "./soon.ts";
export { systemClock } from "./system-clock.ts";
