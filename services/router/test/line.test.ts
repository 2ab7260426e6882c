import { describe, expect, it } from "vitest";
import { Line, type InLine } from "../src/core/line.ts";

class Item implements InLine<Item> {
  line: Line<Item> | undefined = undefined;
  before: Item | undefined = undefined;
  after: Item | undefined = undefined;
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

const [a, b, c, d] = ["a", "b", "c", "d"].map((name) => new Item(name)) as [Item, Item, Item, Item];

function lineOf(...items: Item[]): Line<Item> {
  const line = new Line<Item>();
  for (const item of items) {
    item.line?.delete(item);
    line.put(item);
  }
  return line;
}

function takeAll(line: Line<Item>): Item[] {
  const taken: Item[] = [];
  for (let { first } = line; first !== undefined; { first } = line) {
    taken.push(first);
    line.delete(first);
  }
  return taken;
}

describe("a line", () => {
  it("has first what came first", () => expect(takeAll(lineOf(c, a, b))).toEqual([c, a, b]));

  it("that is empty has no first one, and takes more after that", () => {
    const line = lineOf(a);
    expect(takeAll(line)).toEqual([a]);
    expect([line.first, line.size]).toEqual([undefined, 0]);
    line.put(b);
    line.put(a);
    expect(takeAll(line)).toEqual([b, a]);
  });

  it("lets any of them leave, who is last when it comes again", () => {
    const line = lineOf(a, b, c, d);
    expect([b, d, a].map((item) => line.delete(item))).toEqual([true, true, true]);
    line.put(a);
    expect([[...line], line.size]).toEqual([[c, a], 2]);
    expect(takeAll(line)).toEqual([c, a]);
  });

  it("does not change when one leaves that stands in another, or in none", () => {
    const [here, there] = [lineOf(a), lineOf(b)];
    expect([here.delete(b), here.delete(c)]).toEqual([false, false]);
    expect([[...here], [...there]]).toEqual([[a], [b]]);
  });

  it("holds nothing of one that left, nor that one of it", () => {
    const line = lineOf(a, b, c);
    line.delete(b);
    expect([b.line, b.before, b.after]).toEqual([undefined, undefined, undefined]);
    expect([a.after, c.before]).toEqual([c, a]);
  });
});
