import { beforeEach, describe, expect, it } from "vitest";
import { PassingMap } from "../src/mod.ts";

let map: PassingMap<string, number>;

beforeEach(() => {
  map = new PassingMap();
  map.set("a", 1);
  map.set("b", 2);
});

it("gives what was put in", () => expect([map.get("a"), map.get("b"), map.size]).toEqual([1, 2, 2]));

it("has nothing under another key", () => expect([map.get("c"), map.take("c")]).toEqual([undefined, undefined]));

it("keeps the order of what came, also of what is replaced", () => {
  map.set("a", 3);
  expect([...map]).toEqual([
    ["a", 3],
    ["b", 2],
  ]);
  expect([...map.keys()]).toEqual(["a", "b"]);
  expect([...map.values()]).toEqual([3, 2]);
});

it("takes an entry out once", () => {
  expect([map.take("a"), map.take("a"), map.get("a"), map.size]).toEqual([1, undefined, undefined, 1]);
});

describe("while it is read", () => {
  it("may lose what was read and what was not", () => {
    map.set("c", 3);
    const read: number[] = [];
    for (const [key, value] of map) {
      read.push(value);
      map.take(key);
      map.take("b");
    }
    expect(read).toEqual([1, 3]);
  });
});
