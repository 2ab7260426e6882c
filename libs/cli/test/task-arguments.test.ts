import { expect, test } from "vitest";
import { readTaskArguments } from "../src/run/task-arguments.ts";

test("a task's arguments are pairs of --name and value, in one word or two", () => {
  const words = ["--city", "Turin", "--limit=3", "--query=a=b", "--delta", "-1"];
  expect(readTaskArguments(words)).toEqual({ city: "Turin", limit: "3", query: "a=b", delta: "-1" });
});

test("an empty value is a value", () => {
  expect(readTaskArguments(["--city=", "--note", ""])).toEqual({ city: "", note: "" });
});

test.each([
  [["Turin"], '"Turin" stands where --name was expected'],
  [["--city"], "--city has no value"],
  [["--city", "Turin", "--city=Rome"], "--city is given twice"],
])("%j is refused", (words, problem) => {
  expect(() => readTaskArguments(words)).toThrow(problem);
});
