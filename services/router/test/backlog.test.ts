import { describe, expect, it } from "vitest";
import { Backlog } from "../src/core/backlog.ts";
import type { Execution } from "../src/core/execution.ts";
import { anExecution } from "./samples.ts";

/** "p1" is an execution of run p, whose root is "p". */
const item = (id: string, priority = 0): Execution => anExecution(id, { runId: id.charAt(0), priority });

function backlogOf(...waiting: (string | Execution)[]): Backlog<Execution> {
  const backlog = new Backlog<Execution>();
  for (const each of waiting) backlog.push(typeof each === "string" ? item(each) : each);
  return backlog;
}

function takeAll(backlog: Backlog<Execution>): string[] {
  const taken: string[] = [];
  for (let next = backlog.take(); next !== undefined; next = backlog.take()) taken.push(next.id);
  return taken;
}

describe("the backlog", () => {
  it("serves first come first within a run", () =>
    expect(takeAll(backlogOf("p1", "p2", "p3"))).toEqual(["p1", "p2", "p3"]));

  it("lets runs take turns, however many executions one of them has", () =>
    expect(takeAll(backlogOf("p1", "p2", "p3", "p4", "q1", "q2"))).toEqual(["p1", "q1", "p2", "q2", "p3", "p4"]));

  it("lets a run that comes later have its turn after those that wait", () => {
    const backlog = backlogOf("p1", "p2", "q1");
    expect(backlog.take()?.id).toBe("p1");
    backlog.push(item("r1"));
    expect(takeAll(backlog)).toEqual(["q1", "p2", "r1"]);
  });

  it("gives roots turns of their own, between the runs whose calls wait", () =>
    expect(takeAll(backlogOf("p1", "q", "p2", "p", "r", "p3"))).toEqual(["p1", "q", "p", "r", "p2", "p3"]));

  it("lets a root leave before its turn", () => {
    const q = item("q");
    const backlog = backlogOf("p", q, "r");
    expect([backlog.remove(q), backlog.remove(q)]).toEqual([true, false]);
    expect(takeAll(backlog)).toEqual(["p", "r"]);
  });

  it("serves what lost its slot before what is new", () => {
    const backlog = backlogOf("p1");
    backlog.giveBack(item("q1"));
    expect(takeAll(backlog)).toEqual(["q1", "p1"]);
  });

  it("lets one leave from the middle", () => {
    const p2 = item("p2");
    const backlog = backlogOf("p1", p2, "p3");
    expect(backlog.remove(p2)).toBe(true);
    expect(backlog.size).toBe(2);
    expect(takeAll(backlog)).toEqual(["p1", "p3"]);
  });

  it("gives no turn to a run whose last execution left", () => {
    const q1 = item("q1");
    const backlog = backlogOf("p1", q1, "r1");
    backlog.remove(q1);
    expect(takeAll(backlog)).toEqual(["p1", "r1"]);
  });

  it("says when what should leave is not there", () => expect(backlogOf("p1").remove(item("p2"))).toBe(false));

  it("serves higher priorities first, and lets runs take turns among equals", () => {
    const backlog = backlogOf("p1", "p2");
    for (const id of ["q1", "q2", "r1"]) backlog.push(item(id, 5));
    backlog.push(item("s1", -5));
    expect(takeAll(backlog)).toEqual(["q1", "r1", "q2", "p1", "p2", "s1"]);
  });

  it("gives every eighth turn to the one that has waited longest, whatever its priority", () => {
    const backlog = backlogOf("p1", "p2");
    for (let index = 0; index < 20; index++) backlog.push(item(`q${index}`, 10));
    const taken = takeAll(backlog);
    expect([taken.indexOf("p1"), taken.indexOf("p2")]).toEqual([7, 15]);
  });

  it("knows who has waited longest, whoever's turn it is", () => {
    const backlog = backlogOf("p1", "p2", "q1");
    backlog.take();
    expect(backlog.oldest?.id).toBe("p2");
  });
});
