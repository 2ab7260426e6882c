import { expect, test } from "vitest";
import { toMissingRow, toRow, units } from "./src/row.ts";
import { median, percentile, ratios, spread } from "./src/statistics.ts";

test("a percentile lies between its neighbours, in whatever order the values came", () => {
  expect(percentile([30, 10, 20, 40], 0.5)).toBe(25);
  expect(percentile([30, 10, 20, 40], 0)).toBe(10);
  expect(percentile([30, 10, 20, 40], 1)).toBe(40);
  expect(percentile([10, 110], 0.99)).toBeCloseTo(109);
});

test("numbers are ordered as numbers", () => {
  expect(median([9, 10, 100])).toBe(10);
});

test("there is no percentile of nothing", () => {
  expect(median([])).toBeNaN();
});

test("the spread is the lowest and the highest", () => {
  expect(spread([3, 1, 2])).toEqual({ lowest: 1, highest: 3 });
});

test("a ratio compares what was measured in the same round", () => {
  expect(ratios([10, 40], [5, 10])).toEqual([2, 4]);
  expect(() => ratios([10], [5, 10])).toThrow(RangeError);
});

test("a target is met by the median, not by the best round", () => {
  expect(toRow("a", [1, 5, 9], units.ms, { atMost: 5 })).toMatchObject({ verdict: "met", measured: "5.000 ms" });
  expect(toRow("a", [1, 6, 9], units.ms, { atMost: 5 })).toMatchObject({ verdict: "missed", target: "at most 5 ms" });
  expect(toRow("a", [1, 6, 9], units.ms, { atLeast: 6 }).verdict).toBe("met");
  expect(toRow("a", [1, 4, 9], units.ms, { atLeast: 6 }).verdict).toBe("missed");
});

test("a figure without a target is only shown, one that is missing is said to be", () => {
  expect(toRow("a", [1], units.ms)).toMatchObject({ verdict: "shown", target: "" });
  expect(toMissingRow("a", { atLeast: 1 }, units.times, "needs --peers")).toMatchObject({
    verdict: "not measured",
    measured: "needs --peers",
  });
});

test("a figure that could not be computed does not meet its target", () => {
  expect(toRow("a", [NaN], units.ms, { atMost: 5 }).verdict).toBe("missed");
});
