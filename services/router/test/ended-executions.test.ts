import { describe, expect, it } from "vitest";
import { EndedExecutions } from "../src/core/ended-executions.ts";
import type { Execution } from "../src/core/execution.ts";
import { anExecution } from "./samples.ts";

const execution = (id: string, argumentBytes = 0): Execution => anExecution(id, { argumentBytes });

const expire = (ended: EndedExecutions, now: number): string[] => ended.expire(now).map(({ id }) => id);

describe("ended executions", () => {
  const bounds = { ttlMs: 100, countMax: 3, bytesMax: 1_000 };

  it("are kept until their time is over", () => {
    const ended = new EndedExecutions(bounds);
    ended.add(execution("a"), 0, 50);
    expect(expire(ended, 149)).toEqual([]);
    expect(expire(ended, 150)).toEqual(["a"]);
  });
  it("leave early, oldest first, when there are too many", () => {
    const ended = new EndedExecutions(bounds);
    for (const id of ["a", "b", "c", "d", "e"]) ended.add(execution(id), 0, 0);
    expect(expire(ended, 1)).toEqual(["a", "b"]);
  });
  it("leave early when their arguments and results weigh too much", () => {
    const ended = new EndedExecutions(bounds);
    ended.add(execution("a", 400), 200, 0);
    ended.add(execution("b", 100), 400, 0);
    expect(expire(ended, 1)).toEqual(["a"]);
  });
});
