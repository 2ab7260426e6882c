import { InvalidArgumentError } from "commander";
import { expect, test } from "vitest";
import { duration, wholeNumber } from "../src/commands/arguments.ts";

test.each([
  ["500ms", 500],
  ["30s", 30_000],
  ["1.5m", 90_000],
  ["2h", 7_200_000],
  ["1d", 86_400_000],
])("the duration %s is %d ms", (text, ms) => {
  expect(duration(text)).toBe(ms);
});

test.each(["30", "0s", "-1s", "soon", ""])("%j is no duration", (text) => {
  expect(() => duration(text)).toThrow(InvalidArgumentError);
});

test("a whole number is taken within its bounds, both included", () => {
  const parse = wholeNumber({ min: 0, max: 10 });
  expect([parse("0"), parse("10")]).toEqual([0, 10]);
});

test.each(["11", "-1", "1.5", "", "ten"])("%j is no whole number from 0 to 10", (text) => {
  expect(() => wholeNumber({ min: 0, max: 10 })(text)).toThrow("from 0 to 10");
});
