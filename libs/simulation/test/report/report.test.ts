import { expect, test } from "vitest";
import { LevelOverTime } from "../../src/report/level-over-time.ts";
import { distributionOf, quantile, spreadOf } from "../../src/report/quantiles.ts";
import { Recorder } from "../../src/report/recorder.ts";
import { chances } from "../support/chances.ts";

const values = (count: number): Float64Array => {
  const chance = chances(count)("values");
  return Float64Array.from({ length: count }, () => Math.floor(chance() * 50)).sort();
};

test.each([1, 2, 3, 10, 99, 100, 101, 1_000])(
  "of %d values a quantile is the least that its share does not exceed",
  (count) => {
    const sorted = values(count);
    for (const share of [0.01, 0.5, 0.9, 0.95, 0.99, 1]) {
      const reached = [...sorted].find(
        (value) => sorted.filter((other) => other <= value).length >= share * count - 1e-9,
      );
      expect(quantile(sorted, share)).toBe(reached);
    }
  },
);

test("without values every figure is 0", () => {
  expect(spreadOf(new Float64Array())).toEqual({ mean: 0, p50: 0, p90: 0, p95: 0, p99: 0, max: 0 });
});

test("a distribution rises from the least value to the greatest", () => {
  const points = distributionOf(values(1_000), 50);
  expect(points).toHaveLength(51);
  expect(points[0]!.value).toBe(values(1_000)[0]);
  expect(points.at(-1)).toEqual({ value: values(1_000).at(-1), share: 1 });
  for (const [index, point] of points.slice(1).entries()) {
    expect(point.share).toBeGreaterThan(points[index]!.share);
    expect(point.value).toBeGreaterThanOrEqual(points[index]!.value);
  }
});

test("a level keeps its area and its highest value, however long it takes", () => {
  const chance = chances(3)("levels");
  const level = new LevelOverTime();
  let [now, present, area, max] = [0, 0, 0, 0];
  for (let step = 0; step < 5_000; step += 1) {
    const later = now + Math.floor(chance() * 2_000);
    area += present * (later - now);
    now = later;
    present = Math.floor(chance() * 30);
    max = Math.max(max, present);
    level.set(present, now);
  }
  expect(level.areaUntil(now)).toBe(area);
  const stretches = level.until(now);
  expect(stretches.length).toBeLessThanOrEqual(1_024);
  expect(stretches.length).toBeGreaterThan(500);
  expect(stretches.reduce((sum, { fromMs, toMs, mean }) => sum + mean * (toMs - fromMs), 0)).toBeCloseTo(area, 3);
  expect(Math.max(...stretches.map((stretch) => stretch.max))).toBe(max);
});

test("a stretch knows a peak that was over in no time", () => {
  const level = new LevelOverTime();
  level.set(1, 10);
  level.set(9, 20);
  level.set(2, 20);
  expect(level.until(30).map((stretch) => stretch.max)).toEqual([
    ...Array<number>(10).fill(0),
    ...Array<number>(10).fill(1),
    9,
    ...Array<number>(9).fill(2),
  ]);
});

test("replicas and slots are paid from their start to their end, and are idle without an attempt", () => {
  const recorder = new Recorder();
  recorder.replicaStarted({ cause: "MIN_REPLICAS", slots: 2 }, 0);
  recorder.replicaStarted({ cause: "BACKLOG", slots: 2 }, 1_000);
  recorder.busySlotsChanged(1, 2_000);
  recorder.busyReplicasChanged(1, 2_000);
  recorder.busySlotsChanged(1, 3_000);
  recorder.busySlotsChanged(-2, 5_000);
  recorder.busyReplicasChanged(-1, 5_000);
  recorder.replicaEnded({ cause: "SCALEDOWN_TTL", slots: 2 }, 6_000);
  expect(recorder.figures(10_000)).toMatchObject({
    replicaSeconds: 15,
    idleReplicaSeconds: 12,
    slotSeconds: 30,
    busySlotSeconds: 5,
    utilisation: 5 / 30,
    replicasMax: 2,
    replicasMean: 1.5,
    starts: { BACKLOG: 1, MIN_REPLICAS: 1 },
    ends: { SCALEDOWN_TTL: 1 },
  });
});

test("an execution waits until its first slot, and for all its time when it never had one", () => {
  const recorder = new Recorder();
  for (let index = 0; index < 5; index += 1) recorder.executionArrived();
  const usual = { arrivedAtMs: 100, succeeded: true, cold: false };
  recorder.executionEnded({ ...usual, startedAtMs: 100, endedAtMs: 300 });
  recorder.executionEnded({ ...usual, startedAtMs: 900, endedAtMs: 1_100, cold: true });
  recorder.executionEnded({ ...usual, startedAtMs: undefined, endedAtMs: 400, succeeded: false });
  recorder.executionRejected();
  expect(recorder.figures(2_000)).toMatchObject({
    executions: 3,
    succeeded: 2,
    rejected: 1,
    unfinished: 1,
    cold: 1,
    coldShare: 1 / 3,
    waitingMs: { p50: 300, max: 800, mean: 1_100 / 3 },
    latencyMs: { p50: 300, max: 1_000, mean: 500 },
  });
});
