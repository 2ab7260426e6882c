import { describe, expect, it } from "vitest";
import { chooseSlot } from "../src/core/choose-slot.ts";
import type { Replica } from "../src/core/replica.ts";

const replica = (id: string, change: Partial<Replica> = {}): Replica => ({
  ...{ id, pool: "images", environment: "images", version: "v1", address: "127.0.0.1:1" },
  ...{ knownSince: 0, state: "ready", attached: true, lastHeardAt: 0 },
  ...{ total: 4, reportedFree: 4, seen: 0, sent: 0, lastUsed: 0 },
  ...change,
});

const choose = (...replicas: Replica[]): string | undefined => chooseSlot(replicas, "v1")?.id;

describe("the choice of a slot", () => {
  it("takes the replica with the fewest busy slots", () =>
    expect(choose(replica("a", { reportedFree: 1 }), replica("b", { reportedFree: 3 }))).toBe("b"));
  it("takes the most recently used one among equals", () =>
    expect(choose(replica("a", { lastUsed: 1 }), replica("b", { lastUsed: 2 }), replica("c"))).toBe("b"));
  it("finds none when every slot is busy", () => expect(choose(replica("a", { reportedFree: 0 }))).toBeUndefined());
  it("finds none without replicas", () => expect(choose()).toBeUndefined());
  it("passes by a replica that drains", () => expect(choose(replica("a", { state: "draining" }))).toBeUndefined());
  it("passes by a replica without a stream", () => expect(choose(replica("a", { attached: false }))).toBeUndefined());
  it("passes by a replica of an old version", () => expect(choose(replica("a", { version: "v0" }))).toBeUndefined());
  it("counts a dispatch the agent has not seen yet as a busy slot", () =>
    expect(choose(replica("a", { reportedFree: 2, sent: 5, seen: 3 }))).toBeUndefined());
  it("counts a dispatch the agent has seen only once", () =>
    expect(choose(replica("a", { reportedFree: 2, sent: 5, seen: 5 }))).toBe("a"));
});
