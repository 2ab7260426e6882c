import { describe, expect, it } from "vitest";
import { chooseSlot } from "../src/core/choose-slot.ts";
import type { Attempt } from "../src/core/execution.ts";
import { newPool, type Pool } from "../src/core/pool.ts";
import { preferredFor } from "../src/core/preferred-for.ts";
import type { Replica } from "../src/core/replica.ts";
import { aReplica, anExecution } from "./samples.ts";

function poolOf(...replicas: Replica[]): Pool {
  const pool = newPool("images", "images", undefined);
  for (const replica of replicas) {
    pool.usable.add(replica);
    pool.free.add(replica);
  }
  return pool;
}

const choose = (...replicas: Replica[]): string | undefined => chooseSlot(poolOf(...replicas), anExecution("x"))?.id;

describe("the choice of a slot", () => {
  it("takes the replica with the fewest busy slots", () =>
    expect(choose(aReplica("a", { reportedFree: 1 }), aReplica("b", { reportedFree: 3 }))).toBe("b"));
  it("takes the most recently used one among equals", () => {
    const used = aReplica("b", { reportedFree: 3 });
    const pool = poolOf(aReplica("a"), used, aReplica("c"));
    used.reportedFree = 4;
    pool.free.update(used);
    expect(chooseSlot(pool, anExecution("x"))?.id).toBe("b");
  });
  it("finds none when every slot is busy", () => expect(choose(aReplica("a", { reportedFree: 0 }))).toBeUndefined());
  it("finds none without replicas", () => expect(choose()).toBeUndefined());
  it("counts a dispatch the agent has not seen yet as a busy slot", () =>
    expect(choose(aReplica("a", { reportedFree: 2, sent: 5, seen: 3 }))).toBeUndefined());
  it("counts a dispatch the agent has seen only once", () =>
    expect(choose(aReplica("a", { reportedFree: 2, sent: 5, seen: 5 }))).toBe("a"));
});

describe("after an attempt that was lost", () => {
  const lostOn = (replicaId: string): Attempt => ({
    ...{ number: 1, replicaId, version: "v1", cold: false, waitReason: "", waitedMs: 0, dispatchedAt: 0 },
    end: { outcome: "lost", reason: "RUNNER_CRASHED", message: "", resultBytes: 0, neighbours: 1 },
  });
  const again = (...replicas: Replica[]): string | undefined =>
    chooseSlot(poolOf(...replicas), anExecution("x", { attempts: [lostOn("a")] }))?.id;

  it("another replica is taken, though the one that lost it would be the best", () =>
    expect(again(aReplica("a"), aReplica("b", { reportedFree: 1 }), aReplica("c", { reportedFree: 2 }))).toBe("c"));
  it("the same one is taken when there is no other", () => expect(again(aReplica("a"))).toBe("a"));
});

describe("an affinity key", () => {
  const ids = Array.from({ length: 20 }, (_, index) => `replica-${index}`);
  const keys = Array.from({ length: 500 }, (_, index) => `user-${index}`);
  const withKey = (key: string, replicas: readonly Replica[]): string | undefined =>
    chooseSlot(poolOf(...replicas), anExecution("x", { affinityKey: key }))?.id;
  const replicas = (change: (id: string) => Partial<Replica> = () => ({})): Replica[] =>
    ids.map((id) => aReplica(id, change(id)));
  const choices = (key: string): readonly string[] => preferredFor(key, replicas()).map(({ id }) => id);

  it("finds the same replica every time, however busy others are", () => {
    const first = withKey("user-1", replicas());
    expect(
      withKey(
        "user-1",
        replicas((id) => ({ reportedFree: id === first ? 1 : 4 })),
      ),
    ).toBe(first);
  });

  it("spills to its second and third choice when the ones before are full, the same for every execution", () => {
    const [first, second, third] = choices("user-1");
    const full = (...names: (string | undefined)[]) =>
      replicas((id) => (names.includes(id) ? { reportedFree: 0 } : {}));
    expect(withKey("user-1", full(first))).toBe(second);
    expect(withKey("user-1", full(first, second))).toBe(third);
  });

  it("spills anywhere rather than wait while a slot is free", () => {
    const preferred = choices("user-1");
    const spilled = withKey(
      "user-1",
      replicas((id) => (preferred.includes(id) ? { reportedFree: 0 } : {})),
    );
    expect(preferred).not.toContain(spilled);
    expect(spilled).toBeDefined();
  });

  it("keys are spread evenly", () => {
    const counts = new Map(ids.map((id) => [id, 0]));
    for (const key of keys) {
      const [first = ""] = choices(key);
      counts.set(first, (counts.get(first) ?? 0) + 1);
    }
    // 25 on average; 5 standard deviations are 25.
    for (const count of counts.values()) expect(count).toBeLessThan(50);
  });

  it("a replica that goes moves only the keys that preferred it", () => {
    const [gone = "", ...rest] = ids;
    const left = rest.map((id) => aReplica(id));
    for (const key of keys) {
      const [first] = choices(key);
      if (first !== gone) expect(preferredFor(key, left)[0]?.id).toBe(first);
    }
  });
});
