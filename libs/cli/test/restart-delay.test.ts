import { expect, test } from "vitest";
import { restartDelay } from "../src/dev/restart-delay.ts";

test("the delay doubles with each death in a row and stops growing at ten seconds", () => {
  const delays = [1, 2, 3, 4, 5, 6, 7, 8].map((failures) => restartDelay(failures, 0).delayMs);
  expect(delays).toEqual([250, 500, 1_000, 2_000, 4_000, 8_000, 10_000, 10_000]);
});

test("a service that was ready for half a minute starts over with the shortest delay", () => {
  expect(restartDelay(6, 30_000)).toEqual({ failures: 1, delayMs: 250 });
});

test("a service that was ready for less keeps its count", () => {
  expect(restartDelay(3, 29_999)).toEqual({ failures: 3, delayMs: 1_000 });
});
