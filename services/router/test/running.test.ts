import { describe, expect, it } from "vitest";
import { Running } from "../src/core/running.ts";
import type { Execution } from "../src/core/execution.ts";
import { anExecution } from "./samples.ts";

describe("what runs on a replica", () => {
  it("is what was added and has not left, in whatever order it leaves", () => {
    const running = new Running();
    const [a, b, c, d] = ["a", "b", "c", "d"].map((id) => anExecution(id)) as [
      Execution,
      Execution,
      Execution,
      Execution,
    ];
    for (const execution of [a, b, c, d]) running.add(execution);
    running.delete(b);
    running.delete(d);
    expect([...running].map(({ id }) => id).sort()).toEqual(["a", "c"]);
    running.delete(a);
    running.add(b);
    expect([...running].map(({ id }) => id).sort()).toEqual(["b", "c"]);
  });

  it("does not change when one leaves that is on another replica", () => {
    const [here, there] = [new Running(), new Running()];
    const [a, b] = [anExecution("a"), anExecution("b")];
    here.add(a);
    there.add(b);
    here.delete(b);
    expect([[...here], [...there]]).toEqual([[a], [b]]);
  });
});
