import { describe, expect, it } from "vitest";
import { EndedExecutions } from "../src/core/ended-executions.ts";
import { anExecution } from "./samples.ts";

const expire = (ended: EndedExecutions, now: number): string[] => ended.expire(now).map(({ id }) => id);

describe("ended executions", () => {
  const bounds = { ttlMs: 100, countMax: 3, bytesMax: 1_000 };

  it("are kept until their time is over", () => {
    const ended = new EndedExecutions(bounds);
    ended.add(anExecution("a"), 50, 0);
    expect(expire(ended, 149)).toEqual([]);
    expect(expire(ended, 150)).toEqual(["a"]);
    expect(expire(ended, 150)).toEqual([]);
  });
  it("leave early, oldest first, when there are too many", () => {
    const ended = new EndedExecutions(bounds);
    for (const id of ["a", "b", "c", "d", "e"]) ended.add(anExecution(id), 0, 0);
    expect(expire(ended, 1)).toEqual(["a", "b"]);
  });
  it("leave early when their arguments and results weigh too much", () => {
    const ended = new EndedExecutions(bounds);
    ended.add(anExecution("a"), 0, 600);
    ended.add(anExecution("b"), 0, 500);
    expect(expire(ended, 1)).toEqual(["a"]);
  });
  it("leave in order however many there have been", () => {
    const ended = new EndedExecutions(bounds);
    const left: string[] = [];
    for (let number = 0; number < 50_000; number++) {
      ended.add(anExecution(`${number}`), number, 0);
      if (number % 100 === 0) left.push(...expire(ended, number));
    }
    expect(left).toEqual(Array.from({ length: left.length }, (_, number) => `${number}`));
    expect(left.length).toBe(49_901 - bounds.countMax);
  });
});
