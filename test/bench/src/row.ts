import { median, spread } from "./statistics.ts";

/** `shown`: there is no target for it. `not measured`: something it needs was left out or could not be had. */
export type Verdict = "met" | "missed" | "shown" | "not measured";

/** One line of the report. */
export interface Row {
  readonly what: string;
  readonly target: string;
  readonly measured: string;
  readonly spread: string;
  readonly verdict: Verdict;
}

/** A bound on the median of several runs, in the unit of their values. */
export type Target = { readonly atMost: number } | { readonly atLeast: number };

/** What a figure is counted in, and with how many decimals it is shown. */
export interface Unit {
  readonly name: string;
  readonly decimals: number;
}

export const units = {
  ms: { name: "ms", decimals: 3 },
  wholeMs: { name: "ms", decimals: 0 },
  perSecond: { name: "/s", decimals: 0 },
  times: { name: "x", decimals: 2 },
  percent: { name: "%", decimals: 1 },
  megabytes: { name: "MB", decimals: 1 },
  bytes: { name: "B", decimals: 0 },
  microseconds: { name: "µs", decimals: 2 },
} as const satisfies Record<string, Unit>;

/** The line for a figure measured in several runs. */
export function toRow(what: string, values: readonly number[], unit: Unit, target?: Target): Row {
  const middle = median(values);
  const { lowest, highest } = spread(values);
  return {
    what,
    target: target === undefined ? "" : showTarget(target, unit),
    measured: show(middle, unit),
    spread: values.length === 1 ? "" : `${show(lowest, unit)} to ${show(highest, unit)}`,
    verdict: target === undefined ? "shown" : meets(middle, target) ? "met" : "missed",
  };
}

/** The line for a figure with a target that could not be measured, and why. */
export function toMissingRow(what: string, target: Target, unit: Unit, why: string): Row {
  return { what, target: showTarget(target, unit), measured: why, spread: "", verdict: "not measured" };
}

function meets(value: number, target: Target): boolean {
  return "atMost" in target ? value <= target.atMost : value >= target.atLeast;
}

function showTarget(target: Target, unit: Unit): string {
  // Targets are round numbers: they need no decimals of their own.
  const value = "atMost" in target ? target.atMost : target.atLeast;
  const words = "atMost" in target ? "at most" : "at least";
  return `${words} ${value.toLocaleString("en-GB")} ${unit.name}`;
}

function show(value: number, { name, decimals }: Unit): string {
  const digits = { minimumFractionDigits: decimals, maximumFractionDigits: decimals };
  return `${value.toLocaleString("en-GB", digits)} ${name}`;
}
