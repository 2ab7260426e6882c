/** The value below which `share` (0 to 1) of the values lie, between neighbours in a straight line. NaN without values. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = Float64Array.from(values).sort();
  const place = (sorted.length - 1) * share;
  const below = sorted[Math.floor(place)] ?? NaN;
  const above = sorted[Math.ceil(place)] ?? NaN;
  return below + (above - below) * (place - Math.floor(place));
}

export function median(values: readonly number[]): number {
  return percentile(values, 0.5);
}

/** How far several runs lie apart: the lowest and the highest. */
export function spread(values: readonly number[]): { readonly lowest: number; readonly highest: number } {
  return { lowest: Math.min(...values), highest: Math.max(...values) };
}

/** Each value of one run divided by that of the other in the same run: what disturbed both cancels out. */
export function ratios(above: readonly number[], below: readonly number[]): number[] {
  if (above.length !== below.length) throw new RangeError("Only runs side by side can be compared.");
  return above.map((value, index) => value / (below[index] ?? NaN));
}
