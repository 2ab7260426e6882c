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
export function affinityKey(text: string): string {
  if (text.length >= 1 && text.length <= 200) return text;
  throw new InvalidArgumentError("It must have 1 to 200 characters.");
}

const unitsMs: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A duration above 0 with its unit, such as 500ms, 30s, 5m, 2h or 1d, in milliseconds. */
export function duration(text: string): number {
  const [, figure, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text.trim()) ?? [];
  const ms = Math.round(Number(figure) * (unitsMs[unit ?? ""] ?? NaN));
  if (ms > 0) return ms;
  throw new InvalidArgumentError("It must be a duration above 0 with its unit, such as 500ms, 30s, 5m, 2h or 1d.");
}
