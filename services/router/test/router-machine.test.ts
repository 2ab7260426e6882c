import { describe, expect, it } from "vitest";
import { lostAfterMs } from "../src/core/router-machine.ts";
import { Bench } from "./machine-bench.ts";

it("an attempt whose number its replica has seen is followed by one with another number", () => {
  const bench = new Bench();
  bench.ready("r1", 1);
  bench.admit("x");
  bench.does({ kind: "refused", key: { executionId: "x", attempt: 1 }, reason: "STALE_ATTEMPT" });
  expect(bench.slots("r1", { total: 1, free: 1, seen: 1 })).toEqual(["dispatch x#2 to r1"]);
});

describe("a router", () => {
  it("dispatches at once when a slot is free", () => {
    const bench = new Bench();
    bench.ready("r1", 1);
    expect(bench.admit("x")).toEqual(["dispatch x#1 to r1"]);
  });

  it("lets an execution wait when no replica is there, and says why", () => {
    const bench = new Bench();
    expect(bench.admit("x")).toEqual(["x waits"]);
    expect(bench.waitReason("x")).toBe("no replica is ready");
  });

  it("dispatches the backlog when a replica comes, in order, up to its slots", () => {
    const bench = new Bench();
    for (const id of ["x", "y", "z"]) bench.admit(id);
    expect(bench.ready("r1", 2)).toEqual(["dispatch x#1 to r1", "dispatch y#1 to r1"]);
  });

  it("calls an execution cold when its replica came after it, and warm otherwise", () => {
    const bench = new Bench();
    bench.admit("cold");
    bench.now += 300;
    bench.ready("r1", 2);
    bench.now += 1;
    bench.admit("warm");
    const cold = (id: string): boolean | undefined => bench.machine.execution(id)?.attempts[0]?.cold;
    expect([cold("cold"), cold("warm")]).toEqual([true, false]);
  });

  it("never has more attempts on their way than the agent has free slots", () => {
    const bench = new Bench();
    bench.ready("r1", 2);
    expect(["x", "y", "z"].flatMap((id) => bench.admit(id))).toEqual([
      "dispatch x#1 to r1",
      "dispatch y#1 to r1",
      "z waits",
    ]);
    expect(bench.waitReason("z")).toBe("all 2 slots of 1 replica busy");
    // The agent has seen the first of the two only.
    expect(bench.slots("r1", { total: 2, free: 1, seen: 1 })).toEqual([]);
    expect(bench.slots("r1", { total: 2, free: 1, seen: 2 })).toEqual(["dispatch z#1 to r1"]);
  });

  it("places a refused claim elsewhere, before newer work and as the same attempt", () => {
    const bench = new Bench();
    bench.ready("r1", 1);
    bench.admit("x");
    bench.admit("y");
    expect(bench.does({ kind: "refused", key: { executionId: "x", attempt: 1 }, reason: "REPLICA_DRAINING" })).toEqual([
      "x waits",
    ]);
    expect(bench.ready("r2", 1)).toEqual(["dispatch x#1 to r2"]);
  });

  it("does not claim again where it was refused until the agent has spoken", () => {
    const bench = new Bench();
    bench.ready("r1", 2);
    bench.admit("x");
    bench.does({ kind: "refused", key: { executionId: "x", attempt: 1 }, reason: "SLOTS_FULL" });
    expect(bench.slots("r1", { total: 2, free: 2, seen: 1 })).toEqual(["dispatch x#1 to r1"]);
  });

  it("counts the first outcome and drops every later one", () => {
    const bench = new Bench();
    bench.ready("r1", 1);
    bench.admit("x");
    expect(bench.end("x", 1, "succeeded")).toEqual(["x ended succeeded"]);
    expect(bench.end("x", 1, "failed")).toEqual([]);
    expect(bench.machine.execution("x")?.state).toMatchObject({ kind: "ended", end: { outcome: "succeeded" } });
  });

  it("lets those go that ended first as more come than it keeps, without waiting for a tick", () => {
    const bench = new Bench();
    bench.ready("r1", 1);
    for (let number = 0; number < 2_024; number++) {
      bench.admit(`x${number}`);
      bench.end(`x${number}`);
      bench.slots("r1", { total: 1, free: 1, seen: number + 1 });
    }
    const kept = ["x0", "x1023", "x1024", "x2023"].map((id) => bench.machine.execution(id) !== undefined);
    expect(kept).toEqual([false, false, true, true]);
    expect(bench.machine.executionByKey("key of x0")).toBeUndefined();
  });

  it("drops the outcome of an attempt that was given up", () => {
    const bench = new Bench();
    bench.ready("r1", 1);
    bench.admit("x");
    bench.end("x", 1, "lost");
    expect(bench.end("x", 1, "succeeded")).toEqual([]);
  });

  it("drops the outcome of an attempt that was given up while the next one runs", () => {
    const bench = new Bench();
    bench.ready("r1", 1);
    bench.admit("x");
    bench.end("x", 1, "lost");
    expect(bench.ready("r2", 1)).toEqual(["dispatch x#2 to r2"]);
    expect(bench.end("x", 1, "failed")).toEqual([]);
    expect(bench.end("x", 2, "succeeded")).toEqual(["x ended succeeded"]);
  });

  it("gives up on a replica that has no stream and is silent too long, and makes its attempts elsewhere", () => {
    const bench = new Bench();
    bench.ready("r1", 1);
    bench.admit("x");
    bench.does({ kind: "detached", replicaId: "r1" });
    bench.now += lostAfterMs - 1;
    expect(bench.does({ kind: "tick" })).toEqual([]);
    bench.now += 1;
    expect(bench.does({ kind: "tick" })).toEqual(["forget r1", "x#1 lost", "x waits"]);
    expect(bench.ready("r2", 1)).toEqual(["dispatch x#2 to r2"]);
  });

  it("gives up on it in time however often it tries to reach it", () => {
    const bench = new Bench();
    bench.ready("r1", 1);
    bench.admit("x");
    for (let tries = 0; tries * 200 < lostAfterMs; tries++) {
      bench.does({ kind: "detached", replicaId: "r1" });
      bench.now += 200;
    }
    expect(bench.does({ kind: "tick" })).toContain("forget r1");
  });

  it("takes what an ended replica had still sent, and gives up on the rest when its stream closes", () => {
    const bench = new Bench();
    bench.ready("r1", 2);
    bench.admit("x");
    bench.admit("y");
    expect(bench.announce("r1", "ended")).toEqual([]);
    expect(bench.admit("z")).toEqual(["z waits"]);
    expect(bench.end("x")).toEqual(["x ended succeeded"]);
    expect(bench.does({ kind: "detached", replicaId: "r1" })).toEqual(["forget r1", "y#1 lost", "y waits"]);
  });

  it("does not wait for ever for the stream of an ended replica to close", () => {
    const bench = new Bench();
    bench.ready("r1", 1);
    bench.admit("x");
    bench.announce("r1", "ended");
    bench.now += lostAfterMs;
    expect(bench.does({ kind: "tick" })).toContain("x#1 lost");
  });

  it("keeps a replica whose stream is open, however silent NATS is", () => {
    const bench = new Bench();
    bench.ready("r1", 1);
    bench.now += 10 * lostAfterMs;
    expect(bench.does({ kind: "tick" })).toEqual([]);
  });

  it("keeps a silent replica's attempts when its stream comes back", () => {
    const bench = new Bench();
    bench.ready("r1", 1);
    bench.admit("x");
    bench.does({ kind: "detached", replicaId: "r1" });
    const live = [{ executionId: "x", attempt: 1 }];
    expect(bench.attach("r1", live, { free: 0 })).toEqual([]);
    expect(bench.end("x")).toEqual(["x ended succeeded"]);
  });

  it("makes an attempt again that the agent never received", () => {
    const bench = new Bench();
    bench.ready("r1", 1);
    bench.admit("x");
    bench.does({ kind: "detached", replicaId: "r1" });
    expect(bench.attach("r1", [])).toEqual(["x#1 lost", "x waits", "dispatch x#2 to r1"]);
  });

  it("ends an execution whose replicas are lost ten times", () => {
    const bench = new Bench();
    bench.admit("x");
    for (let attempt = 1; attempt < 10; attempt++) {
      bench.ready(`r${attempt}`, 1);
      bench.announce(`r${attempt}`, "ended");
      expect(bench.does({ kind: "detached", replicaId: `r${attempt}` })).toContain(`x#${attempt} lost`);
    }
    bench.ready("r10", 1);
    bench.announce("r10", "ended");
    expect(bench.does({ kind: "detached", replicaId: "r10" })).toContain("x ended lost");
  });

  it("says how long an execution waited for its slot, and for what", () => {
    const bench = new Bench();
    bench.ready("r1", 1);
    bench.admit("x");
    bench.admit("y");
    bench.now += 250;
    bench.slots("r1", { total: 1, free: 1, seen: 1 });
    const waits = ["x", "y"].map((id) => bench.machine.execution(id)?.attempts[0]);
    expect(waits).toMatchObject([
      { waitedMs: 0, waitReason: "" },
      { waitedMs: 250, waitReason: "all 1 slot of 1 replica busy" },
    ]);
  });

  it("sends nothing to a replica that is loading its code, and at once when that is ready", () => {
    const bench = new Bench();
    bench.ready("r1", 1, "v1", "images", "starting");
    expect(bench.admit("x")).toEqual(["x waits"]);
    expect(bench.waitReason("x")).toBe("1 replica starting");
    bench.now += 300;
    expect(bench.announce("r1", "ready")).toEqual(["dispatch x#1 to r1"]);
    expect(bench.machine.execution("x")?.attempts[0]).toMatchObject({ cold: true, waitedMs: 300 });
  });

  it("says when the pool cannot grow any more", () => {
    const bench = new Bench();
    bench.deploy("v1", { maxReplicas: 1 });
    bench.ready("r1", 1);
    bench.admit("x");
    bench.admit("y");
    expect(bench.waitReason("y")).toBe("all 1 slot of 1 replica busy, at max replicas");
  });

  it("retries neighbours of a crash elsewhere, and tries them alone after the third", () => {
    const bench = new Bench();
    for (const id of ["r1", "r2", "r3"]) bench.ready(id, 5);
    expect(bench.admit("x")).toEqual(["dispatch x#1 to r1"]);
    expect(bench.die("x", 1, 4)).toEqual(["x#1 lost", "x waits", "dispatch x#2 to r2"]);
    expect(bench.die("x", 2, 4)).toEqual(["x#2 lost", "x waits", "dispatch x#3 to r3"]);
    expect(bench.die("x", 3, 4)).toEqual(["x#3 lost", "x waits"]);
    const fresh = [...bench.machine.pools()].find(({ name }) => name === "images/fresh");
    expect([fresh?.backlog.size, fresh?.policyOverride]).toEqual([1, "fresh policy"]);
    expect(bench.ready("f1", 1, "v1", "images/fresh")).toEqual(["dispatch x#4 to f1"]);
    expect(bench.die("x", 4, 0)).toEqual(["x ended lost"]);
  });

  it("gives an execution that ran out of memory alone one attempt in a fresh replica where the policy says so", () => {
    const bench = new Bench();
    bench.deploy("v1", { isolateOutOfMemory: true });
    bench.ready("r1", 1);
    bench.admit("x");
    expect(bench.die("x", 1, 0, "OUT_OF_MEMORY")).toEqual(["x#1 lost", "x waits"]);
    expect(bench.ready("f1", 1, "v1", "images/fresh")).toEqual(["dispatch x#2 to f1"]);
    expect(bench.die("x", 2, 0, "OUT_OF_MEMORY")).toEqual(["x ended lost"]);
  });

  it("sends nothing new to a replica that drains", () => {
    const bench = new Bench();
    bench.ready("r1", 2);
    bench.announce("r1", "draining");
    expect(bench.admit("x")).toEqual(["x waits"]);
  });

  it("sends new attempts to the new version only", () => {
    const bench = new Bench();
    bench.ready("old", 2);
    bench.deploy("v2");
    expect(bench.admit("x")).toEqual(["x waits"]);
    expect(bench.waitReason("x")).toBe("no replica of the current version is ready");
    expect(bench.ready("new", 1, "v2")).toEqual(["dispatch x#1 to new"]);
  });

  it("cancels a waiting execution at once", () => {
    const bench = new Bench();
    bench.admit("x");
    expect(bench.does({ kind: "cancelRequested", executionId: "x" })).toEqual(["x ended cancelled"]);
    expect(bench.ready("r1", 1)).toEqual([]);
  });

  it("asks the agent to cancel a running one and takes its outcome", () => {
    const bench = new Bench();
    bench.ready("r1", 1);
    bench.admit("x");
    expect(bench.does({ kind: "cancelRequested", executionId: "x" })).toEqual(["cancel x#1 on r1"]);
    expect(bench.end("x", 1, "succeeded")).toEqual(["x ended succeeded"]);
  });

  it("ends the backlog of an environment that is deleted", () => {
    const bench = new Bench();
    bench.admit("x");
    expect(bench.does({ kind: "environmentDeleted", name: "images" })).toEqual(["x ended failed"]);
  });

  it("forgets an ended execution and its idempotency key when its time is over", () => {
    const bench = new Bench();
    bench.ready("r1", 1);
    bench.admit("x");
    bench.end("x");
    expect(bench.machine.executionByKey("key of x")?.id).toBe("x");
    bench.now += 600_000;
    bench.does({ kind: "tick" });
    expect([bench.machine.executionByKey("key of x"), bench.machine.execution("x")]).toEqual([undefined, undefined]);
  });
});
