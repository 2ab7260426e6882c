import type { Chance } from "./arrival.ts";

/** How long something takes, in milliseconds. */
export type Durations =
  | { readonly kind: "constant"; readonly ms: number }
  | { readonly kind: "exponential"; readonly meanMs: number }
  /** Half are below `p50Ms`, 95 of 100 below `p95Ms`, which is not less. */
  | { readonly kind: "lognormal"; readonly p50Ms: number; readonly p95Ms: number };

/** Draws from them, one after the other. */
export function drawDurations(durations: Durations, chance: Chance): () => number {
  switch (durations.kind) {
    case "constant":
      return () => durations.ms;
    case "exponential":
      return () => drawExponential(durations.meanMs, chance);
    case "lognormal": {
      const { p50Ms, p95Ms } = durations;
      const sigma = Math.log(p95Ms / p50Ms) / normalP95;
      return () => p50Ms * Math.exp(sigma * drawNormal(chance));
    }
  }
}

export function drawExponential(mean: number, chance: Chance): number {
  return -mean * Math.log(1 - chance());
}

/** Their mean in milliseconds. */
export function meanDurationMs(durations: Durations): number {
  switch (durations.kind) {
    case "constant":
      return durations.ms;
    case "exponential":
      return durations.meanMs;
    case "lognormal": {
      const sigma = Math.log(durations.p95Ms / durations.p50Ms) / normalP95;
      return durations.p50Ms * Math.exp((sigma * sigma) / 2);
    }
  }
}

/** The 95th percentile of the standard normal distribution. */
const normalP95 = 1.6448536269514722;

/** After Box and Muller, 1958. */
function drawNormal(chance: Chance): number {
  return Math.sqrt(-2 * Math.log(1 - chance())) * Math.cos(2 * Math.PI * chance());
}
