import { beforeEach, describe, expect, it } from "vitest";
import { NumberedMap } from "../src/mod.ts";

let map: NumberedMap<string>;

beforeEach(() => {
  map = new NumberedMap();
  map.set(1, "a");
  map.set(2, "b");
});

/** Puts in entries, and takes them out at once. */
function pass(from: number, to: number): void {
  for (let number = from; number <= to; number++) {
    map.set(number, "passes");
    map.take(number);
  }
}

it("gives what was put in", () => expect([map.get(1), map.get(2), map.size]).toEqual(["a", "b", 2]));

it("has nothing under another number, or under what is none", () => {
  const wrong: unknown[] = [0, 3, 1 + 1_024, -1, 1.5, NaN, "1", null, undefined];
  for (const number of wrong as number[]) expect([map.get(number), map.take(number)]).toEqual([undefined, undefined]);
  expect(map.size).toBe(2);
});

it("takes an entry out once", () => {
  expect([map.take(1), map.take(1), map.get(1), map.size]).toEqual(["a", undefined, undefined, 1]);
});

it("replaces an entry", () => {
  map.set(1, "c");
  expect([map.get(1), map.size]).toEqual(["c", 2]);
});

describe("what stays while thousands come and go", () => {
  beforeEach(() => pass(3, 5_000));

  it("is there", () => expect([...map]).toEqual([[1, "a"], [2, "b"]])); // prettier-ignore

  it("is replaced where it is", () => {
    map.set(1, "c");
    expect([map.get(1), map.size, [...map.values()]]).toEqual(["c", 2, ["c", "b"]]);
  });

  it("goes", () => {
    expect([map.take(1), map.take(1), map.get(1), map.size]).toEqual(["a", undefined, undefined, 1]);
  });

  it("comes before what came later", () => {
    map.set(5_002, "d");
    map.set(5_001, "c");
    expect([...map.keys()]).toEqual([1, 2, 5_001, 5_002]);
  });

  it("is found when it comes late, to a place that is taken", () => {
    map.set(5_001, "c");
    map.set(5_001 - 1_024, "late");
    expect([map.get(5_001), map.get(5_001 - 1_024), map.size]).toEqual(["c", "late", 4]);
    expect(map.take(5_001 - 1_024)).toBe("late");
  });
});

it("has more than there are places for", () => {
  for (let number = 3; number <= 3_000; number++) map.set(number, `${number}`);
  expect([map.size, map.get(3), map.get(3_000)]).toEqual([3_000, "3", "3000"]);
  expect([...map.keys()]).toEqual(Array.from({ length: 3_000 }, (_, index) => index + 1));
});

it("goes on beyond 32 bits", () => {
  map.set(2 ** 32 + 1, "far");
  expect([map.get(2 ** 32 + 1), map.get(1), map.size]).toEqual(["far", "a", 3]);
});

it("may lose what was read and what was not while it is read", () => {
  map.set(3, "c");
  const read: string[] = [];
  for (const [number, value] of map) {
    read.push(value);
    map.take(number);
    map.take(2);
  }
  expect(read).toEqual(["a", "c"]);
});
