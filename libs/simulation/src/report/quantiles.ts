/** How a set of durations lies, in milliseconds. All 0 when there are none. */
export interface Spread {
  readonly mean: number;
  readonly p50: number;
  readonly p90: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
}

/** Exact: every figure but the mean is one of the values. They must be sorted, the smallest first. */
export function spreadOf(sorted: Float64Array): Spread {
  const sum = sorted.reduce((total, value) => total + value, 0);
  return {
    mean: sorted.length === 0 ? 0 : sum / sorted.length,
    p50: quantile(sorted, 0.5),
    p90: quantile(sorted, 0.9),
    p95: quantile(sorted, 0.95),
    p99: quantile(sorted, 0.99),
    max: quantile(sorted, 1),
  };
}

/** The smallest value that at least this share of the sorted values does not exceed (nearest rank). 0 when there are none. */
export function quantile(sorted: Float64Array, share: number): number {
  // Shares such as 0.95 are a little more or less than written.
  const rank = Math.ceil(share * sorted.length - 1e-9);
  return sorted[Math.max(0, rank - 1)] ?? 0;
}

/** A point of a distribution: `share` of the values are at most `value`. */
export interface DistributionPoint {
  readonly value: number;
  readonly share: number;
}

/** The distribution in at most `points` + 1 steps, denser towards the end, where the slow ones are. */
export function distributionOf(sorted: Float64Array, points: number): readonly DistributionPoint[] {
  if (sorted.length === 0) return [];
  const shares = Array.from({ length: points + 1 }, (_, index) => shareAt(index / points));
  return shares.map((share) => ({ value: quantile(sorted, share), share }));
}

/** The first half of the steps is even, the second one halves what is left. */
function shareAt(position: number): number {
  if (position >= 1) return 1;
  return position < 0.5 ? position * 1.8 : 1 - 0.1 * 10 ** (-(position - 0.5) * 6);
}
