import { expect, it } from "vitest";
import { DueTimes } from "../src/core/due-times.ts";

function takeAll(due: DueTimes<string>, now: number): string[] {
  const taken: string[] = [];
  for (let item = due.take(now); item !== undefined; item = due.take(now)) taken.push(item);
  return taken;
}

it("takes what has come, the soonest first, and leaves the rest", () => {
  const due = new DueTimes<string>();
  for (const at of [50, 10, 40, 20, 30]) due.set(`${at}`, at);
  expect(takeAll(due, 30)).toEqual(["10", "20", "30"]);
  expect(due.next).toBe(40);
});

it("keeps one moment for each, the last that was set", () => {
  const due = new DueTimes<string>();
  due.set("later", 10);
  due.set("sooner", 90);
  due.set("later", 80);
  due.set("sooner", 20);
  expect(due.next).toBe(20);
  expect(takeAll(due, 100)).toEqual(["sooner", "later"]);
});

it("has no moment for what was removed", () => {
  const due = new DueTimes<string>();
  due.set("a", 10);
  due.set("b", 20);
  due.set("a", Infinity);
  expect(due.next).toBe(20);
  due.set("b", Infinity);
  expect(due.next).toBe(Infinity);
  expect(takeAll(due, 100)).toEqual([]);
});

it("is in order whatever is set, replaced and removed", () => {
  const due = new DueTimes<number>();
  const expected = new Map<number, number>();
  let state = 1;
  const next = (bound: number): number => (state = (state * 48_271) % 2_147_483_647) % bound;
  for (let step = 0; step < 20_000; step++) {
    const item = next(300);
    const at = next(4) === 0 ? Infinity : next(1_000_000);
    due.set(item, at);
    if (at === Infinity) expected.delete(item);
    else expected.set(item, at);
    expect(due.next).toBe(Math.min(Infinity, ...expected.values()));
  }
  const taken: number[] = [];
  for (let item = due.take(Infinity); item !== undefined; item = due.take(Infinity))
    taken.push(expected.get(item) ?? -1);
  expect(taken).toEqual([...expected.values()].sort((a, b) => a - b));
});

it("keeps next to nothing of a hundred thousand that had a moment far away and are gone", () => {
  const due = new DueTimes<object>();
  due.set({}, 1_000_000);
  for (let count = 0; count < 100_000; count++) {
    const item = {};
    due.set(item, 2_000_000 + count);
    due.set(item, Infinity);
  }
  expect(due.size).toBe(1);
  expect(due.entries).toBeLessThan(100);
});
