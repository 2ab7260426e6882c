import { describe, expect, it } from "vitest";
import { noLimits, type Limits } from "../src/core/limits.ts";
import { Bench } from "./machine-bench.ts";

const limits = (change: Partial<Limits>): { limits: Limits } => ({ limits: { ...noLimits, ...change } });
const retries = (count: number, initialBackoffMs: number) => ({
  retry: { retries: count, initialBackoffMs, backoffFactor: 2, maxBackoffMs: 0, retryOn: [] },
});

function endOf(bench: Bench, id: string): string {
  const state = bench.machine.execution(id)?.state;
  return state?.kind === "ended" ? `${state.end.outcome} ${state.end.reason}` : (state?.kind ?? "unknown");
}

describe("retries", () => {
  it("wait for their backoff, longer each time, and say so", () => {
    const bench = new Bench();
    bench.ready("r1", 3);
    bench.admit("x", limits(retries(3, 1_500)));
    expect(bench.end("x", 1, "failed")).toEqual(["x#1 failed", "x waits"]);
    expect(bench.waitReason("x")).toBe("attempt 2 of 4 in 1.5 s, after TASK_FAILED: ");
    expect(bench.machine.nextDueAt - bench.now).toBe(1_500);
    expect(bench.untilDue()).toEqual(["x waits", "dispatch x#2 to r1"]);
    bench.end("x", 2, "failed");
    expect(bench.machine.nextDueAt - bench.now).toBe(3_000);
  });

  it("end with the last failure when they are used up", () => {
    const bench = new Bench();
    bench.ready("r1", 9);
    bench.admit("x", limits(retries(1, 0)));
    expect(bench.end("x", 1, "failed")).toEqual(["x#1 failed", "x waits", "dispatch x#2 to r1"]);
    expect(bench.end("x", 2, "failed")).toEqual(["x ended failed"]);
    expect(bench.machine.execution("x")?.attempts.map(({ end }) => end?.reason)).toEqual([
      "TASK_FAILED",
      "TASK_FAILED",
    ]);
  });

  it("go behind those that wait already", () => {
    const bench = new Bench();
    bench.ready("r1", 1);
    bench.admit("x", limits(retries(1, 0)));
    bench.admit("y");
    bench.end("x", 1, "failed");
    expect(bench.slots("r1", { total: 1, free: 1, seen: 1 })).toEqual(["dispatch y#1 to r1"]);
  });

  it("hold no place in the backlog while they back off, and their pool stays known", () => {
    const bench = new Bench();
    bench.ready("r1", 1);
    bench.admit("x", limits(retries(1, 60_000)));
    bench.end("x", 1, "failed");
    bench.announce("r1", "ended");
    bench.does({ kind: "detached", replicaId: "r1" });
    bench.does({ kind: "tick" });
    expect([...bench.machine.pools()].map(({ name, backlog }) => [name, backlog.size])).toEqual([["images", 0]]);
  });

  it("do not follow when it is cancelled while it backs off: it ends at once", () => {
    const bench = new Bench();
    bench.ready("r1", 1);
    bench.admit("x", limits(retries(1, 60_000)));
    bench.end("x", 1, "failed");
    expect(bench.does({ kind: "cancelRequested", executionId: "x" })).toEqual(["x ended cancelled"]);
    expect(bench.machine.nextDueAt).toBe(Infinity);
  });

  it("do not follow when it fails after its end was asked for", () => {
    const bench = new Bench();
    bench.ready("r1", 1);
    bench.admit("x", limits(retries(1, 0)));
    bench.does({ kind: "cancelRequested", executionId: "x" });
    expect(bench.end("x", 1, "failed")).toEqual(["x ended failed"]);
  });

  it("end with the environment when that is deleted while they back off", () => {
    const bench = new Bench();
    bench.ready("r1", 1);
    bench.admit("x", limits(retries(1, 60_000)));
    bench.end("x", 1, "failed");
    bench.does({ kind: "environmentDeleted", name: "images" });
    expect(endOf(bench, "x")).toBe("failed ENVIRONMENT_DELETED");
  });

  it("end with the environment when that is deleted before the attempt is lost", () => {
    const bench = new Bench();
    bench.ready("r1", 1);
    bench.admit("x");
    bench.does({ kind: "environmentDeleted", name: "images" });
    bench.end("x", 1, "lost");
    expect(endOf(bench, "x")).toBe("failed ENVIRONMENT_DELETED");
  });
});

describe("a timeout of attempts", () => {
  it("counts from the dispatch, stops the attempt, and ends the execution without waiting for the agent", () => {
    const bench = new Bench();
    bench.admit("x", limits({ attemptTimeoutMs: 2_000 }));
    bench.now += 60_000;
    bench.ready("r1", 1);
    expect(bench.machine.nextDueAt - bench.now).toBe(2_000);
    expect(bench.untilDue()).toEqual(["cancel x#1 on r1", "x ended timed_out"]);
    expect(endOf(bench, "x")).toBe("timed_out ATTEMPT_TIMED_OUT");
    expect(bench.end("x", 1, "cancelled")).toEqual([]);
  });

  it("is answered by a retry, which has the time anew", () => {
    const bench = new Bench();
    bench.ready("r1", 2);
    bench.admit("x", limits({ attemptTimeoutMs: 2_000, ...retries(1, 0) }));
    expect(bench.untilDue()).toEqual(["cancel x#1 on r1", "x#1 timed_out", "x waits", "dispatch x#2 to r1"]);
    expect(bench.machine.nextDueAt - bench.now).toBe(2_000);
  });

  it("frees no slot: whether the attempt still has it is for the agent to say", () => {
    const bench = new Bench();
    bench.ready("r1", 1);
    bench.admit("x", limits({ attemptTimeoutMs: 2_000 }));
    bench.admit("y");
    expect(bench.untilDue()).toEqual(["cancel x#1 on r1", "x ended timed_out"]);
    expect(bench.slots("r1", { total: 1, free: 0, seen: 1 })).toEqual([]);
    expect(bench.slots("r1", { total: 1, free: 1, seen: 1 })).toEqual(["dispatch y#1 to r1"]);
  });

  it("stops the attempt also where its stream was broken by then, once that is back", () => {
    const bench = new Bench();
    bench.ready("r1", 1);
    bench.admit("x", limits({ attemptTimeoutMs: 2_000 }));
    bench.does({ kind: "detached", replicaId: "r1" });
    bench.untilDue();
    const live = [{ executionId: "x", attempt: 1 }];
    expect(bench.attach("r1", live, { free: 0 })).toEqual(["cancel x#1 on r1"]);
  });
});

describe("a timeout of the queue", () => {
  it("ends what had no slot by then", () => {
    const bench = new Bench();
    bench.admit("x", limits({ queueTimeoutMs: 3_000 }));
    expect(bench.machine.nextDueAt - bench.now).toBe(3_000);
    expect(bench.untilDue()).toEqual(["x ended timed_out"]);
    expect(endOf(bench, "x")).toBe("timed_out QUEUE_TIMED_OUT");
    expect(bench.ready("r1", 1)).toEqual([]);
  });

  it("does not count once there was a slot, and goes on where the claim was refused", () => {
    const bench = new Bench();
    bench.ready("r1", 1);
    bench.admit("x", limits({ queueTimeoutMs: 3_000 }));
    expect(bench.machine.nextDueAt).toBe(Infinity);
    bench.now += 1_000;
    bench.does({ kind: "refused", key: { executionId: "x", attempt: 1 }, reason: "SLOTS_FULL" });
    expect(bench.machine.nextDueAt - bench.now).toBe(2_000);
  });

  it("does not count for a later attempt", () => {
    const bench = new Bench();
    bench.ready("r1", 1);
    bench.admit("x", limits({ queueTimeoutMs: 3_000 }));
    bench.end("x", 1, "lost");
    expect(bench.waitReason("x")).not.toBe("");
    expect(bench.machine.nextDueAt).toBe(Infinity);
  });
});

describe("a deadline", () => {
  it("ends what waits, and what runs without waiting for its agent", () => {
    const bench = new Bench();
    bench.ready("r1", 1);
    bench.admit("x", limits({ deadline: bench.now + 500 }));
    bench.admit("y", limits({ deadline: bench.now + 500 }));
    expect(bench.untilDue()).toEqual(["cancel x#1 on r1", "x ended timed_out", "y ended timed_out"]);
    expect(endOf(bench, "x")).toBe("timed_out DEADLINE_EXCEEDED");
  });

  it("is not answered by a retry, and ends one that backs off", () => {
    const bench = new Bench();
    bench.ready("r1", 2);
    bench.admit("x", limits({ deadline: bench.now + 500, ...retries(5, 0) }));
    bench.admit("y", limits({ deadline: bench.now + 500, ...retries(5, 60_000) }));
    bench.end("y", 1, "failed");
    expect(bench.untilDue()).toEqual(["cancel x#1 on r1", "x ended timed_out", "y ended timed_out"]);
  });

  it("that has passed when it is asked for is not run", () => {
    const bench = new Bench();
    bench.ready("r1", 1);
    expect(bench.admit("x", limits({ deadline: bench.now }))).toEqual(["x ended timed_out"]);
  });

  it("ends children of the same deadline by it too", () => {
    const bench = new Bench();
    bench.ready("r1", 2);
    bench.admit("child", { parentId: "x", ...limits({ deadline: bench.now + 500 }) });
    bench.admit("x", limits({ deadline: bench.now + 500 }));
    bench.untilDue();
    expect([endOf(bench, "x"), endOf(bench, "child")]).toEqual(Array(2).fill("timed_out DEADLINE_EXCEEDED"));
  });
});

describe("what an execution called", () => {
  function family(): Bench {
    const bench = new Bench();
    bench.ready("r1", 2);
    bench.admit("parent", limits(retries(1, 0)));
    bench.admit("child", { parentId: "parent", idempotencyKey: "" });
    bench.admit("grandchild", { parentId: "child", idempotencyKey: "" });
    return bench;
  }
  const allCancelled = ["grandchild ended cancelled", "cancel child#1 on r1"];

  it("is cancelled with it, however deep, at once", () =>
    expect(family().does({ kind: "cancelRequested", executionId: "parent" })).toEqual([
      "cancel parent#1 on r1",
      ...allCancelled,
    ]));

  it("is cancelled when it fails, and before it is tried again", () => {
    const bench = family();
    expect(bench.end("parent", 1, "failed").slice(0, 3)).toEqual(["parent#1 failed", ...allCancelled]);
  });

  it("is cancelled when its attempt is lost", () =>
    expect(family().end("parent", 1, "lost").slice(0, 3)).toEqual(["parent#1 lost", ...allCancelled]));

  it("is left alone when it succeeds", () =>
    expect(family().end("parent", 1, "succeeded")).toEqual(["parent ended succeeded"]));

  it("is left for the next attempt to find when it has an idempotency key", () => {
    const bench = new Bench();
    bench.ready("r1", 1);
    bench.admit("parent");
    bench.admit("child", { parentId: "parent", idempotencyKey: "shared" });
    expect(bench.end("parent", 1, "lost")).not.toContain("child ended cancelled");
    expect(bench.does({ kind: "cancelRequested", executionId: "parent" })).toContain("child ended cancelled");
  });

  it("is not run when it comes after the end", () => {
    const bench = family();
    bench.does({ kind: "cancelRequested", executionId: "parent" });
    expect(bench.admit("late", { parentId: "parent" })).toEqual(["late ended cancelled"]);
    bench.end("parent", 1, "cancelled");
    expect(bench.admit("later", { parentId: "parent" })).toEqual(["later ended cancelled"]);
  });

  it("is not tried again when that is due in the moment in which the execution runs out of time", () => {
    const bench = new Bench();
    bench.ready("r1", 2);
    bench.admit("parent", limits({ attemptTimeoutMs: 500 }));
    bench.admit("child", { parentId: "parent", ...limits(retries(1, 500)) });
    bench.end("child", 1, "failed");
    bench.slots("r1", { total: 2, free: 1, seen: 2 });
    expect(bench.untilDue()).toEqual(["cancel parent#1 on r1", "parent ended timed_out", "child ended cancelled"]);
  });

  it("ends as cancelled when it is lost after it was told to stop", () => {
    const bench = family();
    bench.does({ kind: "cancelRequested", executionId: "parent" });
    expect(bench.end("child", 1, "lost")).toEqual(["child ended cancelled"]);
  });

  it("is told to stop again on a new stream", () => {
    const bench = family();
    bench.does({ kind: "detached", replicaId: "r1" });
    bench.does({ kind: "cancelRequested", executionId: "parent" });
    const live = ["parent", "child"].map((executionId) => ({ executionId, attempt: 1 }));
    expect(bench.attach("r1", live, { total: 2, free: 0 })).toEqual(["cancel parent#1 on r1", "cancel child#1 on r1"]);
  });
});
