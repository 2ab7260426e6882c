import { describe, expect, test } from "vitest";
import { PoolsMachine, type Announced, type PoolsEvent } from "../src/core/mod.ts";

const identity = { replicaId: "r-1", environment: "e", pool: "e", version: "v1" };
const announced: Announced = {
  ...{ address: "a:1", sequence: 7, slots: 1, free: 1, busy: 0, lent: 0, idleSinceMs: 1 },
  ...{ executions: 3, memoryBytes: 0, agentPid: 1, runnerPid: 2 },
};
const heardReady: PoolsEvent = { kind: "replicaHeard", identity, event: { kind: "announcedReady", announced } };

/** A machine that has known a replica, which ended at 1,000 ms. */
function machineAfterEnd(): PoolsMachine {
  const machine = new PoolsMachine({
    limits: { startTimeoutMs: 60_000, drainGraceMs: 30_000, replacedGraceMs: 86_400_000 },
    newReplicaId: () => "new",
  });
  machine.step(heardReady, 0);
  machine.step({ kind: "replicaExited", replicaId: "r-1", how: "exit code 0" }, 1_000);
  return machine;
}

describe("a replica that has ended", () => {
  test("is not found again by an announcement that was still on its way", () => {
    const machine = machineAfterEnd();
    machine.step(heardReady, 1_400);
    expect(machine.isKnown("r-1")).toBe(false);
  });

  test("is found again when it announces itself for long after its end: it lives all the same", () => {
    const machine = machineAfterEnd();
    machine.step({ kind: "look" }, 11_000);
    machine.step(heardReady, 11_001);
    expect(machine.isKnown("r-1")).toBe(true);
  });
});

describe("a replica that should drain", () => {
  test("and goes on announcing that it is ready is given its order again", () => {
    const machine = machineAfterEnd();
    const other = { ...identity, replicaId: "r-2" };
    const ready: PoolsEvent = { ...heardReady, identity: other };
    machine.step(ready, 2_000);
    const ordersAt = (now: number, event: PoolsEvent): readonly string[] =>
      machine.step(event, now).flatMap((effect) => (effect.kind === "drain" ? [effect.replicaId] : []));
    // Nobody knows its environment: it goes.
    expect(ordersAt(2_010, { kind: "decide" })).toEqual(["r-2"]);
    expect(ordersAt(4_009, ready)).toEqual([]);
    expect(ordersAt(4_010, ready)).toEqual(["r-2"]);
  });
});
