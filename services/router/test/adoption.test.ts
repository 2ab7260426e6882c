import { describe, expect, it } from "vitest";
import type { AttemptKey } from "../src/core/events.ts";
import type { Attempt, Execution } from "../src/core/execution.ts";
import { noLimits } from "../src/core/limits.ts";
import { holdMsMax, listenMs } from "../src/core/recovery.ts";
import { Bench } from "./machine-bench.ts";
import { anExecution } from "./samples.ts";

/** An execution whose attempt is on this replica, by the journal. */
function running(id: string, replicaId: string, number = 1): Execution {
  const attempt: Attempt = {
    ...{ number, replicaId, version: "v1", cold: false, waitReason: "", waitedMs: 0, dispatchedAt: 0, end: undefined },
  };
  return anExecution(id, { attempts: [attempt], state: { kind: "running", attempt } });
}

/** A machine that has listened for long enough and has one replica with so many slots. */
function settled(slots: number): Bench {
  const bench = new Bench();
  bench.now += listenMs;
  bench.ready("r1", slots);
  return bench;
}

function adopt(bench: Bench, ...executions: readonly Execution[]): string[] {
  return bench.does({ kind: "adopted", executions, policyOverrides: new Map([["images/own", "own policy"]]) });
}

/** The replica answers on its new stream: what it has another router had sent. */
function attach(bench: Bench, replicaId: string, live: readonly AttemptKey[], slots = 1): string[] {
  return bench.attach(replicaId, live, { total: slots, adopted: live });
}

describe("who takes over", () => {
  it("asks every replica anew what it has", () => {
    const bench = settled(1);
    expect(adopt(bench, anExecution("x"))).toEqual(["reattach r1"]);
  });

  it("goes on with what runs", () => {
    const bench = settled(1);
    adopt(bench, running("x", "r1"));
    expect(attach(bench, "r1", [{ executionId: "x", attempt: 1 }])).toEqual([]);
    expect(bench.end("x")).toEqual(["x ended succeeded"]);
  });

  it("makes again what its replica does not have", () => {
    const bench = settled(1);
    adopt(bench, running("x", "r1"));
    expect(attach(bench, "r1", [])).toEqual([]);
    // Not before every replica has told all: it may have been refused there, and be elsewhere.
    expect(bench.tick(1_000)).toEqual(["x#1 lost", "x waits", "dispatch x#2 to r1"]);
  });

  it("sends out what waited once every replica of its pool has said that it does not have it", () => {
    const bench = settled(1);
    bench.ready("r2", 1);
    adopt(bench, anExecution("x"));
    expect(attach(bench, "r1", [])).toEqual([]);
    expect(attach(bench, "r2", [])).toEqual(["x waits", "dispatch x#1 to r1"]);
  });

  it("finds an attempt that nobody had written down", () => {
    const bench = settled(1);
    adopt(bench, anExecution("x"));
    expect(attach(bench, "r1", [{ executionId: "x", attempt: 1 }])).toEqual(["found x#1 on r1"]);
    expect(bench.end("x")).toEqual(["x ended succeeded"]);
  });

  it("takes the latest attempt that a replica has for the live one", () => {
    const bench = settled(1);
    bench.ready("r2", 1);
    adopt(bench, running("x", "r1"));
    attach(bench, "r1", [{ executionId: "x", attempt: 1 }]);
    expect(attach(bench, "r2", [{ executionId: "x", attempt: 2 }])).toEqual(["found x#2 on r2"]);
    expect(bench.end("x", 1)).toEqual([]);
    expect(bench.end("x", 2)).toEqual(["x ended succeeded"]);
  });

  it("does not wait for a replica that does not answer for longer than it takes to be lost", () => {
    const bench = settled(1);
    adopt(bench, anExecution("x"));
    bench.now += holdMsMax;
    bench.announce("r2");
    expect(bench.does({ kind: "tick" })).toContain("x waits");
  });

  it("waits for replicas that it has not heard of yet", () => {
    const bench = new Bench();
    adopt(bench, running("x", "r1"));
    expect(bench.announce("r1")).toEqual(["attach r1"]);
    expect(attach(bench, "r1", [{ executionId: "x", attempt: 1 }])).toEqual([]);
    expect(bench.end("x")).toEqual(["x ended succeeded"]);
  });

  it("holds what waits until every living replica must have announced itself", () => {
    const bench = new Bench();
    adopt(bench, anExecution("x"));
    bench.now += listenMs - 1;
    expect(bench.does({ kind: "tick" })).toEqual([]);
    bench.ready("r1", 1);
    bench.now += 1;
    expect(bench.does({ kind: "tick" })).toEqual(["x waits", "dispatch x#1 to r1"]);
  });

  it("makes again what was on a replica that is never heard of", () => {
    const bench = new Bench();
    adopt(bench, running("x", "r1"));
    bench.now += holdMsMax;
    expect(bench.does({ kind: "tick" })).toEqual(["forget r1", "x#1 lost", "x waits"]);
  });

  it("answers for what had ended", () => {
    const bench = settled(1);
    const end = { outcome: "succeeded", reason: "", message: "", resultBytes: 0, neighbours: 0 } as const;
    adopt(bench, anExecution("x", { state: { kind: "ended", at: bench.now, end } }));
    expect(bench.machine.execution("x")?.state.kind).toBe("ended");
    bench.now += 600_000;
    expect(bench.does({ kind: "tick" })).toContain("forget x");
  });

  it("keeps what it has itself under the same id", () => {
    const bench = settled(1);
    bench.admit("x");
    adopt(bench, anExecution("x"));
    attach(bench, "r1", [{ executionId: "x", attempt: 1 }]);
    expect(bench.end("x")).toEqual(["x ended succeeded"]);
  });

  it("joins an execution that is asked for again with the attempt of it that a replica has", () => {
    const bench = settled(1);
    adopt(bench);
    attach(bench, "r1", [{ executionId: "x", attempt: 1 }], 1);
    expect(bench.admit("x")).toEqual(["found x#1 on r1"]);
  });

  it("joins an execution that is asked for again with the end of the attempt, though that was told before", () => {
    const bench = settled(1);
    adopt(bench);
    attach(bench, "r1", [{ executionId: "x", attempt: 1 }], 1);
    expect(bench.end("x")).toEqual([]);
    expect(bench.admit("x")).toEqual(["found x#1 on r1", "x ended succeeded"]);
  });

  it("asks what a replica has that no journal tells of, and knows that attempt until it is told what it is", () => {
    const bench = settled(1);
    adopt(bench);
    expect(attach(bench, "r1", [{ executionId: "x", attempt: 1 }], 1)).toEqual(["ask r1 about x#1"]);
    expect([bench.machine.isAskedAbout("x"), bench.machine.isAskedAbout("y")]).toEqual([true, false]);
    bench.admit("x");
    expect(bench.machine.isAskedAbout("x")).toBe(false);
  });

  it("takes the result that a replica had reported, though its time is over by now", () => {
    const bench = settled(1);
    adopt(bench);
    attach(bench, "r1", [{ executionId: "x", attempt: 1 }], 1);
    bench.end("x");
    const limits = { ...noLimits, deadline: bench.now - 1 };
    expect(bench.admit("x", { limits })).toEqual(["found x#1 on r1", "x ended succeeded"]);
  });

  it("lets nothing follow a failure that a replica had reported of what nobody wants any more", () => {
    const bench = settled(1);
    bench.admit("parent");
    bench.end("parent", 1, "failed");
    adopt(bench);
    attach(bench, "r1", [{ executionId: "x", attempt: 1 }], 1);
    bench.end("x", 1, "lost");
    expect(bench.admit("x", { parentId: "parent" })).toEqual(["found x#1 on r1", "x ended cancelled"]);
  });

  it("may find more until every replica has said what it has and what that is, but no longer than one takes to be lost", () => {
    const bench = settled(1);
    const mayFindMore = (): boolean => bench.machine.mayFindMore(bench.now);
    expect(mayFindMore()).toBe(false);
    adopt(bench);
    bench.does({ kind: "detached", replicaId: "r1" });
    expect(mayFindMore()).toBe(true);
    attach(bench, "r1", [{ executionId: "x", attempt: 1 }], 1);
    expect(mayFindMore()).toBe(true);
    bench.admit("x");
    expect(mayFindMore()).toBe(true);
    // What it owes has come by then.
    bench.now += 100;
    expect(mayFindMore()).toBe(false);
    bench.does({ kind: "detached", replicaId: "r1" });
    adopt(bench);
    expect(mayFindMore()).toBe(true);
    bench.now += holdMsMax;
    expect(mayFindMore()).toBe(false);
  });

  it("may find more until every living replica must have announced itself", () => {
    const bench = new Bench();
    adopt(bench);
    bench.now += listenMs - 1;
    expect(bench.machine.mayFindMore(bench.now)).toBe(true);
    bench.now += 1;
    expect(bench.machine.mayFindMore(bench.now)).toBe(false);
  });

  it("knows the policy that a pool has of its own", () => {
    const bench = settled(1);
    adopt(bench, anExecution("x", { pool: "images/own" }));
    const pools = [...bench.machine.pools()];
    expect(pools.find(({ name }) => name === "images/own")?.policyOverride).toBe("own policy");
  });

  it("ends what is cancelled while it is held", () => {
    const bench = settled(1);
    adopt(bench, anExecution("x"));
    // It may have ended otherwise, and that be told.
    expect(bench.does({ kind: "cancelRequested", executionId: "x" })).toEqual([]);
    expect(attach(bench, "r1", [])).toEqual(["x ended cancelled"]);
  });

  it.each([
    ["runs", () => running("x", "r1")],
    ["seemed to wait", () => anExecution("x")],
  ])("hears how what %s has ended before it says that its time was over, or that it was cancelled", (_, adopted) => {
    const bench = settled(1);
    const limits = { ...noLimits, deadline: bench.now - 1 };
    adopt(bench, { ...adopted(), limits });
    expect(bench.untilDue()).toEqual([]);
    bench.does({ kind: "cancelRequested", executionId: "x" });
    attach(bench, "r1", [{ executionId: "x", attempt: 1 }]);
    bench.now += 99;
    expect(bench.does({ kind: "due" })).toEqual([]);
    expect(bench.end("x")).toEqual(["x ended succeeded"]);
  });

  it("says that its time was over when replicas had long enough to say that it has ended", () => {
    const bench = settled(1);
    adopt(bench, { ...running("x", "r1"), limits: { ...noLimits, deadline: bench.now - 1 } });
    bench.now += holdMsMax;
    expect(bench.does({ kind: "due" })).toEqual(["cancel x#1 on r1", "x ended timed_out"]);
  });

  it("ends what was called with its caller and not once more, when the time of both is over", () => {
    const bench = settled(1);
    const limits = { ...noLimits, deadline: bench.now - 1 };
    adopt(bench, anExecution("caller", { limits }), anExecution("called", { limits, parentId: "caller" }));
    const endings = bench.tick(holdMsMax).filter((effect) => effect.includes("ended"));
    expect(endings).toEqual(["caller ended timed_out", "called ended timed_out"]);
  });

  it("finds an attempt where it went when the replica that the journal names had refused it", () => {
    const bench = settled(1);
    bench.ready("r2", 1);
    adopt(bench, running("x", "r1"));
    attach(bench, "r1", []);
    expect(attach(bench, "r2", [{ executionId: "x", attempt: 1 }])).toEqual(["found x#1 on r2"]);
    expect(bench.end("x")).toEqual(["x ended succeeded"]);
    expect(bench.tick(1_000)).toEqual([]);
  });

  it("does not ask about what another router had not sent: it has ended here and was forgotten", () => {
    const bench = settled(1);
    adopt(bench);
    const live = [{ executionId: "x", attempt: 1 }];
    expect(bench.attach("r1", live)).toEqual([]);
    expect(bench.machine.isAskedAbout("x")).toBe(false);
  });

  it("forgets what it asked about with the replica that has it", () => {
    const bench = settled(1);
    adopt(bench);
    attach(bench, "r1", [{ executionId: "x", attempt: 1 }]);
    bench.announce("r1", "ended");
    bench.does({ kind: "detached", replicaId: "r1" });
    expect(bench.machine.isAskedAbout("x")).toBe(false);
  });

  it("goes on counting from the attempt that it found, of which it does not know those before", () => {
    const bench = settled(1);
    adopt(bench);
    attach(bench, "r1", [{ executionId: "x", attempt: 2 }]);
    expect(bench.admit("x")).toEqual(["found x#2 on r1"]);
    bench.now += 200;
    expect(attach(bench, "r1", [{ executionId: "x", attempt: 2 }])).toEqual([]);
    expect(bench.end("x", 2, "lost")).toEqual(["x#2 lost", "x waits", "dispatch x#3 to r1"]);
  });
});

describe("a router that does not know whether its journal is its own", () => {
  it("sends nothing out until it does", () => {
    const bench = settled(1);
    bench.does({ kind: "journal", isOwn: false });
    expect(bench.admit("x")).toEqual(["x waits"]);
    expect(bench.does({ kind: "journal", isOwn: true })).toEqual(["dispatch x#1 to r1"]);
  });
});
