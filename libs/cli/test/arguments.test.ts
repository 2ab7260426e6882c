import { InvalidArgumentError } from "commander";
import { expect, test } from "vitest";
import { key, duration, memory, orOff, wholeNumber } from "../src/commands/arguments.ts";

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

test.each(["800Mi", "1.5Gi", "1000"])("%s are bytes", (text) => {
  expect(memory(text)).toBe(text);
});

test.each(["0Mi", "500m", "800 MB", "-1Gi", ""])("%j are no bytes above 0", (text) => {
  expect(() => memory(text)).toThrow(InvalidArgumentError);
});

test("what can be turned off takes off or what it takes otherwise", () => {
  const parse = orOff(duration, "off");
  expect([parse("off"), parse("1s")]).toEqual(["off", 1_000]);
  expect(() => parse("never")).toThrow(InvalidArgumentError);
});

test("an affinity key has 1 to 200 characters", () => {
  expect([key("k"), key("k".repeat(200))]).toEqual(["k", "k".repeat(200)]);
  expect(() => key("")).toThrow(InvalidArgumentError);
  expect(() => key("k".repeat(201))).toThrow(InvalidArgumentError);
});
