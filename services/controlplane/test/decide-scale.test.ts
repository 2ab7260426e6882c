import { describe, expect, test } from "vitest";
import { decideScale, type PoolSnapshot, type ScaleDecision } from "../src/core/decide-scale.ts";
import { neverRecycled, type Policy, type Recycling } from "@hearth/policy";
import type { Announced, Replica } from "../src/core/replica.ts";

const now = 1_000_000;
const policy: Policy = {
  minReplicas: 1,
  maxReplicas: 4,
  concurrency: 2,
  idleTtlMs: 30_000,
  scaledownTtlMs: 10_000,
  scope: "global",
  bufferReplicas: 0,
  recycling: neverRecycled,
  singleUse: false,
  isolateOutOfMemory: false,
};

function decide(changes: Partial<PoolSnapshot>): ScaleDecision {
  const snapshot: PoolSnapshot = {
    now,
    policy,
    version: "v1",
    replicas: [],
    backlog: 0,
    uncoveredSinceMs: now - 1_000,
    lastBacklogAtMs: undefined,
    warmUp: undefined,
    lastScaledownAtMs: undefined,
    lastGoneAtMs: undefined,
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
    startCause: "BACKLOG",
    startReason: "",
    endCause: undefined,
    endReason: "",
    replaces: undefined,
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
  const nothing = { address: "a:1", sequence: 1, slots: 2, free: 2, busy: 0, lent: 0 };
  const rest = { executions: 0, memoryBytes: 0, agentPid: 1, runnerPid: 2 };
  return { ...nothing, ...rest, idleSinceMs: undefined, ...changes };
}

/** Ready and idle for so long. */
function idle(id: string, forMs: number, changes: Partial<Replica> = {}): Replica {
  return replica(id, { state: "ready", announced: announced({ idleSinceMs: now - forMs }), ...changes });
}

/** Ready with attempts on its slots. */
function busy(id: string, changes: Partial<Replica> = {}): Replica {
  return replica(id, { state: "ready", announced: announced({ busy: 2, free: 0 }), ...changes });
}

/** How many replicas it starts, whatever for. */
const started = ({ start }: ScaleDecision): number => start.reduce((sum, { count }) => sum + count, 0);

const drained = ({ drain }: ScaleDecision): readonly string[] => drain.map(({ replicaId }) => replicaId);

describe("waking", () => {
  test("a pool that nobody ever asked anything of has no replica", () => {
    expect(decide({})).toMatchObject({ kind: "hold", desired: 0, start: [], nextAt: undefined });
  });

  test("the first execution starts the minimum at once", () => {
    expect(decide({ backlog: 1, policy: { ...policy, minReplicas: 3 } }).start).toMatchObject([
      { count: 3, cause: "MIN_REPLICAS" },
    ]);
  });

  test("a minimum of zero starts what the backlog needs", () => {
    const decision = decide({ backlog: 3, policy: { ...policy, minReplicas: 0 } });
    expect(decision).toMatchObject({ desired: 2, start: [{ count: 2, cause: "BACKLOG" }] });
  });

  test("a replica that went away is replaced while the environment is awake", () => {
    expect(started(decide({ lastBacklogAtMs: now - 5_000 }))).toBe(1);
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
    expect(started(decide({ replicas, backlog }))).toBe(start);
  });

  test("while replicas are ready, only what has found no slot for 100 ms starts more", () => {
    const first = decide({ replicas: [busy("a")], backlog: 1, uncoveredSinceMs: undefined });
    expect(first).toMatchObject({ kind: "hold", uncoveredSinceMs: now, nextAt: now + 100 });
    const later = decide({ replicas: [busy("a")], backlog: 1, uncoveredSinceMs: now - 100 });
    expect(started(later)).toBe(1);
  });

  test("a backlog that found its slots is forgotten", () => {
    expect(decide({ replicas: [idle("a", 0)], backlog: 1 }).uncoveredSinceMs).toBeUndefined();
  });

  test("with no replica there the backlog starts some at once", () => {
    const policyFromZero = { ...policy, minReplicas: 0 };
    expect(started(decide({ backlog: 8, uncoveredSinceMs: undefined, policy: policyFromZero }))).toBe(4);
  });

  test("just after a replica went, what is said to wait may have had its slot there", () => {
    const policyFromZero = { ...policy, minReplicas: 0 };
    const justGone = { backlog: 1, uncoveredSinceMs: undefined, policy: policyFromZero, lastGoneAtMs: now - 99 };
    expect(started(decide(justGone))).toBe(0);
    expect(started(decide({ ...justGone, lastGoneAtMs: now - 100 }))).toBe(1);
  });

  test("a replica that served its one execution has no slot to offer", () => {
    const singleUse = { ...policy, minReplicas: 0, singleUse: true, concurrency: 1 };
    const used = replica("a", {
      state: "ready",
      slots: 1,
      announced: announced({ slots: 1, free: 0, idleSinceMs: now }),
    });
    expect(started(decide({ replicas: [used], backlog: 1, policy: singleUse }))).toBe(1);
  });

  test("replicas of single use whose executions wait for their calls leave room for these", () => {
    const singleUse = { ...policy, minReplicas: 0, maxReplicas: 1, singleUse: true, concurrency: 1 };
    const waiting = replica("a", { state: "ready", slots: 1, announced: announced({ slots: 1, free: 0, lent: 1 }) });
    const working = replica("b", { state: "ready", slots: 1, announced: announced({ slots: 1, free: 0, busy: 1 }) });
    expect(started(decide({ replicas: [waiting], backlog: 1, policy: singleUse }))).toBe(1);
    expect(started(decide({ replicas: [waiting, working], backlog: 1, policy: singleUse }))).toBe(0);
  });

  test("free slots of another version are nobody's: executions run on the current one", () => {
    const replicas = [idle("a", 0, { version: "v0" })];
    expect(started(decide({ replicas, backlog: 1, policy: { ...policy, minReplicas: 0 } }))).toBe(1);
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

  test("the longest idle goes first and the minimum stays", () => {
    const replicas = [idle("a", 11_000), idle("b", 13_000)];
    expect(drained(decide({ replicas }))).toEqual(["b"]);
  });

  test("of many that are due half go at once, half of the rest 50 ms later, and so on", () => {
    const replicas = Array.from({ length: 9 }, (_, index) => idle(`r${index}`, 19_000 - index));
    const wide = { ...policy, maxReplicas: 20 };
    const first = decide({ replicas, policy: wide });
    expect(drained(first)).toEqual(["r0", "r1", "r2", "r3"]);
    expect(first.nextAt).toBe(now + 50);
    const rest = replicas.slice(4);
    expect(drained(decide({ replicas: rest, policy: wide, lastScaledownAtMs: now - 49 }))).toEqual([]);
    expect(drained(decide({ replicas: rest, policy: wide, lastScaledownAtMs: now - 50 }))).toEqual(["r4", "r5"]);
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

describe("a buffer", () => {
  const buffered = { ...policy, minReplicas: 0, maxReplicas: 10, bufferReplicas: 2 };

  test.each([
    { rule: "is kept beyond the replicas in use", replicas: [busy("a")], backlog: 0, start: 2 },
    { rule: "idle replicas are part of it", replicas: [busy("a"), idle("b", 0)], backlog: 0, start: 1 },
    {
      rule: "starting replicas are part of it",
      replicas: [busy("a"), replica("b"), replica("c")],
      backlog: 0,
      start: 0,
    },
    { rule: "is added to what the backlog needs", replicas: [], backlog: 3, start: 4 },
    { rule: "is nothing where nothing is in use", replicas: [idle("a", 0), idle("b", 0)], backlog: 0, start: 0 },
  ])("$rule", ({ replicas, backlog, start }) => {
    expect(started(decide({ replicas, backlog, policy: buffered }))).toBe(start);
  });

  test("does not exceed the maximum", () => {
    expect(started(decide({ replicas: [busy("a")], policy: { ...buffered, maxReplicas: 2 } }))).toBe(1);
  });

  test("is not scaled down while anything is in use", () => {
    const replicas = [busy("a"), idle("b", 50_000), idle("c", 50_000), idle("d", 50_000)];
    expect(drained(decide({ replicas, policy: buffered }))).toEqual(["b"]);
  });

  test("names itself as the cause", () => {
    expect(decide({ replicas: [busy("a")], policy: buffered }).start).toMatchObject([{ cause: "BUFFER" }]);
  });
});

describe("a warm-up", () => {
  const asked = { replicas: 3, askedAtMs: now };

  test("wakes the pool and starts what it asked for, or the minimum if that is more", () => {
    expect(decide({ warmUp: asked }).start).toMatchObject([{ count: 3, cause: "WARM_UP" }]);
    expect(started(decide({ warmUp: asked, policy: { ...policy, minReplicas: 4 } }))).toBe(4);
  });

  test("does not exceed the maximum", () => {
    expect(started(decide({ warmUp: { ...asked, replicas: 99 } }))).toBe(4);
  });

  test("is over with the idle TTL, also when its replicas never came up", () => {
    const past = { replicas: 3, askedAtMs: now - 30_000 };
    expect(decide({ warmUp: past })).toMatchObject({ desired: 0, start: [] });
  });
});

describe("recycling", () => {
  const after = (recycling: Partial<Recycling>): Policy => ({
    ...policy,
    recycling: { ...neverRecycled, ...recycling },
  });
  const used = (id: string, changes: Partial<Announced>, more: Partial<Replica> = {}): Replica =>
    busy(id, { readyAtMs: now - 60_000, announced: announced({ busy: 1, free: 1, ...changes }), ...more });

  test.each([
    { rule: after({ afterExecutions: 100 }), changes: { executions: 100 }, why: "it took 100 executions" },
    {
      rule: after({ aboveMemoryBytes: 2 ** 30 }),
      changes: { memoryBytes: 2 ** 30 + 2 ** 29 },
      why: "its runner held 1.5 GiB, above 1 GiB",
    },
    { rule: after({ afterAgeMs: 60_000 }), changes: {}, why: "it was 60 s old" },
  ])("$why: its replacement starts first, and it goes on serving", ({ rule, changes, why }) => {
    const decision = decide({ replicas: [used("a", changes)], policy: rule });
    expect(decision).toMatchObject({
      start: [{ count: 1, cause: "RECYCLING", reason: `it replaces a: ${why}`, replaces: "a" }],
      drain: [],
    });
  });

  test.each([
    { rule: after({ afterExecutions: 100 }), changes: { executions: 99 } },
    { rule: after({ aboveMemoryBytes: 2 ** 30 }), changes: { memoryBytes: 2 ** 30 } },
    { rule: after({ afterAgeMs: 60_001 }), changes: {} },
  ])("nothing happens before that: $changes", ({ rule, changes }) => {
    expect(started(decide({ replicas: [used("a", changes)], policy: rule }))).toBe(0);
  });

  test("the next look is at the moment the oldest comes of age", () => {
    expect(decide({ replicas: [used("a", {})], policy: after({ afterAgeMs: 60_007 }) }).nextAt).toBe(now + 7);
  });

  test("the replaced one drains when its replacement is ready", () => {
    const rule = after({ afterExecutions: 5 });
    const old = used("a", { executions: 9 });
    expect(decide({ replicas: [old, replica("b", { replaces: "a" })], policy: rule })).toMatchObject({
      kind: "hold",
      start: [],
    });
    const decision = decide({ replicas: [old, idle("b", 0, { replaces: "a" })], policy: rule });
    expect(decision.drain).toEqual([{ replicaId: "a", cause: "RECYCLED", reason: "it took 9 executions (recycling)" }]);
  });

  test("the replacement may be one more than the maximum", () => {
    const rule = { ...after({ afterExecutions: 5 }), maxReplicas: 1 };
    expect(started(decide({ replicas: [used("a", { executions: 5 })], policy: rule }))).toBe(1);
    const both = [used("a", { executions: 5 }), replica("b", { replaces: "a" })];
    expect(decide({ replicas: both, policy: rule }).drain).toEqual([]);
  });

  test("is one at a time, the oldest first", () => {
    const replicas = [used("a", { executions: 5 }), used("b", { executions: 5 }, { readyAtMs: now - 90_000 })];
    expect(decide({ replicas, policy: after({ afterExecutions: 5 }) }).start).toMatchObject([{ replaces: "b" }]);
    const underWay = [...replicas, replica("c", { replaces: "b" })];
    expect(started(decide({ replicas: underWay, policy: after({ afterExecutions: 5 }) }))).toBe(0);
  });

  test("a replica that goes anyway is not replaced", () => {
    const due = { readyAtMs: now - 90_000, announced: announced({ busy: 0, idleSinceMs: now - 1, executions: 5 }) };
    const replicas = [idle("a", 0, due), idle("b", 0), idle("c", 0)];
    const decision = decide({ replicas, policy: { ...after({ afterExecutions: 5 }), maxReplicas: 2 } });
    expect(decision).toMatchObject({ kind: "drain", start: [], drain: [{ replicaId: "a", cause: "MAX_REPLICAS" }] });
  });

  test("the next one waits until the last one is gone, which takes no room from others meanwhile", () => {
    const rule = { ...after({ afterExecutions: 5 }), maxReplicas: 2 };
    const leaving = used("a", { executions: 9 }, { state: "draining", endCause: "RECYCLED" });
    const serving = used("b", { executions: 9 });
    const decision = decide({ replicas: [leaving, serving], policy: { ...rule, minReplicas: 2 } });
    expect(decision.start).toMatchObject([{ count: 1, cause: "MIN_REPLICAS" }]);
  });

  test("a replacement whose replica is gone is a replica like any other", () => {
    const replicas = [idle("b", 0, { replaces: "a" })];
    expect(decide({ replicas })).toMatchObject({ kind: "hold", desired: 1 });
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
    expect(started(decide({ replicas: [idle("a", 0)], policy: { ...policy, minReplicas: 3 } }))).toBe(2);
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
    const decision = v2({ replicas: [busy("a", v1)], policy: { ...policy, minReplicas: 1 } });
    expect(decision).toMatchObject({ kind: "start", start: [{ count: 1 }], drain: [] });
  });

  test("starts one even when the minimum is zero", () => {
    expect(v2({ replicas: [busy("a", v1)], policy: { ...policy, minReplicas: 0 } }).start).toMatchObject([
      { count: 1, cause: "ROLL_OUT" },
    ]);
  });

  test("drains the other once one of its own is ready", () => {
    const decision = v2({ replicas: [busy("a", v1), idle("b", 0, { version: "v2" })] });
    expect(decision.drain).toEqual([{ replicaId: "a", cause: "ROLL_OUT", reason: "version v2 is current" }]);
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
    expect(before).toMatchObject({ kind: "hold", start: [], nextAt: now + 1 });
    expect(started(decide({ backlog: 1, startFailures: failed(count, waitMs) }))).toBe(1);
  });
});

test("a deleted environment loses every replica", () => {
  const decision = decide({ version: undefined, replicas: [busy("a"), replica("b")], backlog: 3 });
  expect(decision).toMatchObject({ desired: 0, start: [] });
  expect(drained(decision)).toEqual(["a", "b"]);
});
