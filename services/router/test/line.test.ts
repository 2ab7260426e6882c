import { expect, test } from "vitest";
import { Line } from "../src/core/line.ts";

function takeAll(line: Line<number>): number[] {
  const taken: number[] = [];
  for (let first = line.first; first !== undefined; first = line.first) {
    taken.push(first);
    line.delete(String(first));
  }
  return taken;
}

function lineOf(...values: number[]): Line<number> {
  const line = new Line<number>();
  for (const value of values) line.put(String(value), value);
  return line;
}

test("what came first is first", () => expect(takeAll(lineOf(3, 1, 2))).toEqual([3, 1, 2]));

test("an empty line has no first one, and takes more after that", () => {
  const line = lineOf(1);
  expect(takeAll(line)).toEqual([1]);
  expect(line.first).toBeUndefined();
  line.put("2", 2);
  line.put("3", 3);
  expect(takeAll(line)).toEqual([2, 3]);
});

test("one that left and comes again is last", () => {
  const line = lineOf(1, 2);
  expect(line.first).toBe(1);
  line.delete("1");
  line.put("1", 1);
  expect(takeAll(line)).toEqual([2, 1]);
});

test("one that is replaced keeps its place", () => {
  const line = lineOf(1, 2);
  expect(line.first).toBe(1);
  line.put("1", 10);
  expect([line.first, line.get("1"), line.size]).toEqual([10, 10, 2]);
});

test("one may leave from the middle or the end", () => {
  const line = lineOf(1, 2, 3, 4);
  expect([line.delete("2"), line.delete("4"), line.delete("4")]).toEqual([true, true, false]);
  expect(takeAll(line)).toEqual([1, 3]);
});
