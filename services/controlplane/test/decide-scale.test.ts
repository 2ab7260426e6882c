import { describe, expect, test } from "vitest";
import { decideScale, type PoolSnapshot, type ScaleDecision } from "../src/core/decide-scale.ts";
import type { Policy } from "@hearth/policy";
import type { Announced, Replica } from "../src/core/replica.ts";

const now = 1_000_000;
const policy: Policy = {
  minReplicas: 1,
  maxReplicas: 4,
  concurrency: 2,
  idleTtlMs: 30_000,
  scaledownTtlMs: 10_000,
  scope: "global",
};

function decide(changes: Partial<PoolSnapshot>): ScaleDecision {
  const snapshot: PoolSnapshot = {
    now,
    policy,
    version: "v1",
    replicas: [],
    backlog: 0,
    lastBacklogAtMs: undefined,
    startFailures: undefined,
    ...changes,
  };
  return decideScale(snapshot);
}

function replica(id: string, changes: Partial<Replica> = {}): Replica {
  return {
    id,
    environment: "e",
    pool: "e",
    version: "v1",
    state: "starting",
    startReason: "",
    endReason: "",
    createdAtMs: now,
    readyAtMs: undefined,
    drainingAtMs: undefined,
    endedAtMs: undefined,
    slots: 2,
    announced: undefined,
    heardAtMs: now,
    ...changes,
  };
}

function announced(changes: Partial<Announced>): Announced {
  const nothing = { address: "a:1", sequence: 1, slots: 2, free: 2, busy: 0, lent: 0, agentPid: 1, runnerPid: 2 };
  return { ...nothing, idleSinceMs: undefined, ...changes };
}

/** Ready and idle for so long. */
function idle(id: string, forMs: number, changes: Partial<Replica> = {}): Replica {
  return replica(id, { state: "ready", announced: announced({ idleSinceMs: now - forMs }), ...changes });
}

/** Ready with attempts on its slots. */
function busy(id: string, changes: Partial<Replica> = {}): Replica {
  return replica(id, { state: "ready", announced: announced({ busy: 2, free: 0 }), ...changes });
}

const drained = ({ drain }: ScaleDecision): readonly string[] => drain.map(({ replicaId }) => replicaId);

describe("waking", () => {
  test("a pool that nobody ever asked anything of has no replica", () => {
    expect(decide({})).toMatchObject({ kind: "hold", desired: 0, start: 0, nextAt: undefined });
  });

  test("the first execution starts the minimum at once", () => {
    expect(decide({ backlog: 1, policy: { ...policy, minReplicas: 3 } })).toMatchObject({ kind: "start", start: 3 });
  });

  test("a minimum of zero starts what the backlog needs", () => {
    expect(decide({ backlog: 3, policy: { ...policy, minReplicas: 0 } })).toMatchObject({ start: 2, desired: 2 });
  });

  test("a replica that went away is replaced while the environment is awake", () => {
    expect(decide({ lastBacklogAtMs: now - 5_000 })).toMatchObject({ kind: "start", start: 1 });
  });
});

describe("growing", () => {
  test.each([
    { rule: "free slots take the backlog first", replicas: [idle("a", 0)], backlog: 2, start: 0 },
    { rule: "slots of starting replicas count as free", replicas: [replica("a"), replica("b")], backlog: 4, start: 0 },
    { rule: "what exceeds both starts more", replicas: [idle("a", 0), replica("b")], backlog: 5, start: 1 },
    { rule: "busy slots take nothing", replicas: [busy("a")], backlog: 1, start: 1 },
    { rule: "the maximum is not exceeded", replicas: [busy("a"), busy("b")], backlog: 100, start: 2 },
    {
      rule: "a draining replica counts towards the maximum until it is gone",
      replicas: [busy("a"), busy("b"), busy("c"), busy("d", { state: "draining" })],
      backlog: 9,
      start: 0,
    },
  ])("$rule", ({ replicas, backlog, start }) => {
    expect(decide({ replicas, backlog }).start).toBe(start);
  });

  test("a backlog at the maximum is explained", () => {
    const replicas = [busy("a"), busy("b"), busy("c"), busy("d")];
    expect(decide({ replicas, backlog: 7 }).reason).toBe("7 executions wait: at max replicas (4)");
  });
});

describe("scaledown TTL", () => {
  test("a replica idle for the TTL goes while more than the minimum remain", () => {
    expect(drained(decide({ replicas: [idle("a", 10_000), busy("b")] }))).toEqual(["a"]);
  });

  test("one millisecond before the TTL it stays, and the next look is at that very moment", () => {
    expect(decide({ replicas: [idle("a", 9_999), busy("b")] })).toMatchObject({ kind: "hold", nextAt: now + 1 });
  });

  test("the longest idle go first and the minimum stays", () => {
    const replicas = [idle("a", 11_000), idle("b", 13_000), idle("c", 12_000)];
    expect(drained(decide({ replicas }))).toEqual(["b", "c"]);
  });

  test("a busy replica never goes", () => {
    expect(drained(decide({ replicas: [busy("a"), busy("b")] }))).toEqual([]);
  });

  test("a replica whose attempts have all lent their slots is busy", () => {
    const lender = replica("a", { state: "ready", announced: announced({ lent: 1 }) });
    expect(drained(decide({ replicas: [lender], lastBacklogAtMs: now - 99_000 }))).toEqual([]);
  });

  test("nothing goes while executions wait", () => {
    expect(drained(decide({ replicas: [idle("a", 20_000), idle("b", 20_000)], backlog: 1 }))).toEqual([]);
  });
});

describe("idle TTL", () => {
  test("an environment idle for the TTL loses every replica, the minimum too", () => {
    const decision = decide({ replicas: [idle("a", 30_000), idle("b", 40_000)] });
    expect(drained(decision)).toEqual(["a", "b"]);
    expect(decision).toMatchObject({ desired: 0, reason: "the environment was idle for 30 s (idle TTL)" });
  });

  test("one millisecond before the TTL the minimum stays, and the next look is at that very moment", () => {
    const decision = decide({ replicas: [idle("a", 29_999)] });
    expect(decision).toMatchObject({ kind: "hold", desired: 1, nextAt: now + 1 });
  });

  test("one busy slot keeps the whole environment awake", () => {
    expect(decide({ replicas: [idle("a", 99_000), busy("b")], policy: { ...policy, minReplicas: 2 } }).drain).toEqual(
      [],
    );
  });

  test("a starting replica that nobody waits for any more goes as well", () => {
    const forgotten = replica("a", { heardAtMs: now - 30_000 });
    expect(drained(decide({ replicas: [forgotten], lastBacklogAtMs: now - 30_000 }))).toEqual(["a"]);
  });

  test("after a restart a replica that has not been heard of yet is not taken for idle", () => {
    expect(decide({ replicas: [replica("a", { state: "ready" })] })).toMatchObject({ kind: "hold", desired: 1 });
  });
});

describe("a policy changed in place", () => {
  test("a raised minimum starts the difference", () => {
    const decision = decide({ replicas: [idle("a", 0)], policy: { ...policy, minReplicas: 3 } });
    expect(decision).toMatchObject({ kind: "start", start: 2 });
  });

  test("a lowered maximum drains idle replicas at once and leaves busy ones", () => {
    const replicas = [busy("a"), busy("b"), idle("c", 0)];
    expect(drained(decide({ replicas, policy: { ...policy, maxReplicas: 1 } }))).toEqual(["c"]);
  });
});

describe("a new version", () => {
  const v1 = { version: "v1" };
  const v2 = (changes: Partial<PoolSnapshot>): ScaleDecision => decide({ version: "v2", ...changes });

  test("starts beside the one in use", () => {
    expect(v2({ replicas: [busy("a", v1)] })).toMatchObject({ kind: "start", start: 1, drain: [] });
  });

  test("starts one even when the minimum is zero", () => {
    expect(v2({ replicas: [busy("a", v1)], policy: { ...policy, minReplicas: 0 } }).start).toBe(1);
  });

  test("drains the other once one of its own is ready", () => {
    const decision = v2({ replicas: [busy("a", v1), idle("b", 0, { version: "v2" })] });
    expect(decision.drain).toEqual([{ replicaId: "a", reason: "version v2 is current" }]);
  });

  test("drains the other at once when nobody wants anything", () => {
    expect(drained(v2({ replicas: [idle("a", 1_000, v1)] }))).toEqual(["a"]);
  });

  test("leaves the other serving while its own starts and executions wait", () => {
    expect(drained(v2({ replicas: [idle("a", 0, v1), replica("b", { version: "v2" })], backlog: 1 }))).toEqual([]);
  });
});

describe("failing starts", () => {
  const failed = (count: number, agoMs: number) => ({ count, lastAtMs: now - agoMs, message: "exit code 1" });

  test.each([
    { count: 1, waitMs: 500 },
    { count: 2, waitMs: 1_000 },
    { count: 5, waitMs: 8_000 },
    { count: 60, waitMs: 30_000 },
  ])("after $count failures the next start waits $waitMs ms", ({ count, waitMs }) => {
    const before = decide({ backlog: 1, startFailures: failed(count, waitMs - 1) });
    expect(before).toMatchObject({ kind: "hold", start: 0, nextAt: now + 1 });
    expect(decide({ backlog: 1, startFailures: failed(count, waitMs) }).start).toBe(1);
  });
});

test("a deleted environment loses every replica", () => {
  const decision = decide({ version: undefined, replicas: [busy("a"), replica("b")], backlog: 3 });
  expect(decision).toMatchObject({ desired: 0, start: 0 });
  expect(drained(decision)).toEqual(["a", "b"]);
});
