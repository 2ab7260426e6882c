import { describe, expect, it } from "vitest";
import { actsForMs, decideLeadership, mayAct, silentAfterMs, type Lease } from "../src/core/leadership.ts";

const lease: Lease = { revision: 7, holderId: "other", holderPlace: "host-a:7701" };

describe("a standby takes the lease", () => {
  it.each<[string, Lease | undefined, string, number, boolean]>([
    ["when nobody ever had it", undefined, "host-b:7701", 0, true],
    ["when it was given up", { ...lease, holderId: "" }, "host-b:7701", 0, true],
    ["not while it is renewed", lease, "host-b:7701", silentAfterMs - 1, false],
    ["when it was not renewed for five seconds", lease, "host-b:7701", silentAfterMs, true],
    ["when its holder listened where it listens itself: that process is gone", lease, "host-a:7701", 0, true],
    ["not because nobody says where he listens", { ...lease, holderPlace: "" }, "", 0, false],
  ])("%s", (_when, seen, place, silentMs, takes) => {
    const decision = decideLeadership({ place, lease: seen, seenAt: 1_000 }, 1_000 + silentMs);
    expect(decision.kind).toBe(takes ? "take" : "wait");
  });
});

describe("a leader acts", () => {
  it("for less time than others wait before they take its place", () => {
    expect([mayAct(0, actsForMs - 1), mayAct(0, actsForMs)]).toEqual([true, false]);
    expect(actsForMs).toBeLessThan(silentAfterMs);
  });
});
