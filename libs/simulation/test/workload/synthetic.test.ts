import { expect, test } from "vitest";
import { drawDurations, meanDurationMs, type Durations } from "../../src/workload/durations.ts";
import { expectedArrivals, synthesize, type Source, type SyntheticWorkload } from "../../src/workload/synthetic.ts";
import { chances } from "../support/chances.ts";

const plain: SyntheticWorkload = {
  sources: [],
  durations: { kind: "constant", ms: 10 },
  forMs: 60_000,
  affinityKeys: undefined,
  runs: undefined,
};

function moments(sources: readonly Source[], forMs: number, seed = 1): number[] {
  return [...synthesize({ ...plain, sources, forMs }, chances(seed))].map(({ atMs }) => atMs);
}

function countWithin(times: readonly number[], fromMs: number, toMs: number): number {
  return times.filter((ms) => ms >= fromMs && ms < toMs).length;
}

test("even arrivals are so far apart, the first at 0 and none at the end", () => {
  expect(moments([{ kind: "even", perSecond: 4 }], 1_000)).toEqual([0, 250, 500, 750]);
});

test("Poisson arrivals have their rate, and gaps as wide on average as they scatter", () => {
  const times = moments([{ kind: "poisson", perSecond: 50 }], 200_000);
  // 10,000 are expected, and four deviations are 400.
  expect(times.length).toBeGreaterThan(9_600);
  expect(times.length).toBeLessThan(10_400);
  const gaps = times.slice(1).map((ms, index) => ms - times[index]!);
  const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
  const deviation = Math.sqrt(gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / gaps.length);
  expect(deviation / mean).toBeGreaterThan(0.94);
  expect(deviation / mean).toBeLessThan(1.06);
});

test("a burst comes at 0 and after each period, all of it at once", () => {
  expect(moments([{ kind: "bursts", executions: 3, everyMs: 500 }], 1_001)).toEqual([
    ...[0, 0, 0, 500, 500, 500, 1_000, 1_000, 1_000],
  ]);
});

test("a wave is low at both ends of its period and high in the middle", () => {
  const times = moments([{ kind: "wave", lowPerSecond: 2, highPerSecond: 40, periodMs: 600_000 }], 600_000);
  expect(times.length).toBeGreaterThan(12_600 - 460);
  expect(times.length).toBeLessThan(12_600 + 460);
  // A tenth of the period at the low rate has 120 and those of the slope, around the height of it 2,340.
  expect(countWithin(times, 0, 30_000) + countWithin(times, 570_000, 600_000)).toBeLessThan(300);
  expect(countWithin(times, 270_000, 330_000)).toBeGreaterThan(2_150);
});

test("several sources together come in the order of time", () => {
  const sources = [
    { kind: "poisson", perSecond: 20 },
    { kind: "bursts", executions: 5, everyMs: 10_000 },
    { kind: "even", perSecond: 3 },
  ] as const;
  const times = moments(sources, 60_000);
  expect(times).toEqual([...times].sort((a, b) => a - b));
  expect(times.length).toBe(30 + 180 + moments([sources[0]], 60_000).length);
});

test("the same seed gives the same workload each time it is walked through, and another one another", () => {
  const sources = [{ kind: "poisson", perSecond: 10 }] as const;
  const workload = synthesize(
    { ...plain, sources, durations: { kind: "exponential", meanMs: 100 }, affinityKeys: 3, runs: 4 },
    chances(1),
  );
  expect([...workload]).toEqual([...workload]);
  expect(moments(sources, 60_000, 1)).toEqual(moments(sources, 60_000, 1));
  expect(moments(sources, 60_000, 1)).not.toEqual(moments(sources, 60_000, 2));
});

test("executions fall on as many keys and runs as asked for, each about as often", () => {
  const sources = [{ kind: "even", perSecond: 100 }] as const;
  const arrivals = [...synthesize({ ...plain, sources, affinityKeys: 3, runs: 2 }, chances(1))];
  for (const [of, count] of [
    ["affinityKey", 3],
    ["run", 2],
  ] as const) {
    const groups = Map.groupBy(arrivals, (arrival) => arrival[of]);
    const counts = [...groups.values()].map((group) => group.length);
    expect(counts).toHaveLength(count);
    expect(Math.min(...counts)).toBeGreaterThan((6_000 / count) * 0.9);
  }
});

test("how many arrivals are expected is close to how many come", () => {
  const sources: readonly Source[] = [
    { kind: "even", perSecond: 30 },
    { kind: "poisson", perSecond: 30 },
    { kind: "wave", lowPerSecond: 10, highPerSecond: 100, periodMs: 90_000 },
    { kind: "bursts", executions: 50, everyMs: 7_000 },
  ];
  for (const source of sources) {
    const expected = expectedArrivals({ ...plain, sources: [source] });
    expect(Math.abs(moments([source], 60_000).length - expected)).toBeLessThanOrEqual(4 * Math.sqrt(expected));
  }
});

test("durations have the mean and the percentiles that were asked for", () => {
  const drawn = (durations: Durations): number[] => {
    const draw = drawDurations(durations, chances(7)("durations"));
    return Array.from({ length: 20_000 }, draw).sort((a, b) => a - b);
  };
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

  expect(new Set(drawn({ kind: "constant", ms: 200 }))).toEqual(new Set([200]));

  const exponential = drawn({ kind: "exponential", meanMs: 200 });
  expect(mean(exponential) / 200).toBeCloseTo(1, 1);
  expect(exponential[10_000]! / (200 * Math.LN2)).toBeCloseTo(1, 1);

  const lognormal = { kind: "lognormal", p50Ms: 200, p95Ms: 1_000 } as const;
  const values = drawn(lognormal);
  expect(values[10_000]! / 200).toBeCloseTo(1, 1);
  expect(values[19_000]! / 1_000).toBeCloseTo(1, 1);
  expect(mean(values) / meanDurationMs(lognormal)).toBeCloseTo(1, 1);
});
