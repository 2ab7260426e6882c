import { InvalidArgumentError } from "commander";

/** A parser for whole numbers within bounds. */
export function wholeNumber(bounds: { readonly min: number; readonly max: number }): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() !== "" && Number.isInteger(value) && value >= bounds.min && value <= bounds.max) return value;
    throw new InvalidArgumentError(`It must be a whole number from ${bounds.min} to ${bounds.max}.`);
  };
}

/** A parser that also takes "off", as `nothing`. */
export function orOff<T, N>(parse: (text: string) => T, nothing: N): (text: string) => T | N {
  return (text) => (text === "off" ? nothing : parse(text));
}

/** Bytes above 0 as a Kubernetes quantity, such as 800Mi or 1.5Gi. */
export function memory(text: string): string {
  const [, figure] = /^(\d+(?:\.\d+)?)(?:[kMGTP]|[KMGTP]i)?$/.exec(text) ?? [];
  if (Number(figure) > 0) return text;
  throw new InvalidArgumentError("It must be bytes above 0, such as 800Mi or 1.5Gi.");
}

/** 1 to 200 characters. */
export function key(text: string): string {
  if (text.length >= 1 && text.length <= 200) return text;
  throw new InvalidArgumentError("It must have 1 to 200 characters.");
}

/** A point in time with its zone, such as 2030-01-31T18:00:00Z, or a duration from `nowMs`, such as 30m. */
export function deadline(text: string, nowMs: number): Date {
  if (/^\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d)$/.test(text)) {
    const moment = new Date(text);
    if (Number.isFinite(moment.getTime())) return moment;
  } else if (/^\d/.test(text) && !text.includes("-")) return new Date(nowMs + duration(text));
  throw new InvalidArgumentError(
    "It must be a time with its zone, such as 2030-01-31T18:00:00Z, or a duration such as 30m.",
  );
}

/** Up to 30 days; see `duration`. */
export function limit(text: string): number {
  const ms = duration(text);
  if (ms <= 30 * 86_400_000) return ms;
  throw new InvalidArgumentError("It must be at most 30d.");
}

const unitsMs: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A duration above 0 with its unit, such as 500ms, 30s, 5m, 2h or 1d, in milliseconds. */
export function duration(text: string): number {
  const [, figure, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text.trim()) ?? [];
  const ms = Math.round(Number(figure) * (unitsMs[unit ?? ""] ?? NaN));
  if (ms > 0) return ms;
  throw new InvalidArgumentError("It must be a duration above 0 with its unit, such as 500ms, 30s, 5m, 2h or 1d.");
}
