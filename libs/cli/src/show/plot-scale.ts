/** Round values on an axis from 0 to `max`, some four of them. */
export function linearTicks(max: number): readonly number[] {
  if (!(max > 0)) return [0, 1];
  const rough = max / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 2.5, 5, 10].find((factor) => factor * power >= rough * (1 - 1e-9)) ?? 10) * power;
  return Array.from({ length: Math.ceil(max / step - 1e-9) + 1 }, (_, index) => Number((index * step).toPrecision(12)));
}

/** Powers of ten around two values above 0, two of them at least. */
export function logTicks(min: number, max: number): readonly number[] {
  const first = Math.floor(Math.log10(min) + 1e-9);
  const last = Math.max(first + 1, Math.ceil(Math.log10(max) - 1e-9));
  return Array.from({ length: last - first + 1 }, (_, index) => 10 ** (first + index));
}

/** A unit of time in which the numbers on an axis up to `maxMs` are short. */
export function timeUnit(maxMs: number): { readonly name: string; readonly ms: number } {
  const units = [
    { name: "h", ms: 3_600_000 },
    { name: "min", ms: 60_000 },
    { name: "s", ms: 1_000 },
  ];
  return units.find(({ ms }) => maxMs >= 2 * ms) ?? { name: "ms", ms: 1 };
}
