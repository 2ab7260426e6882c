import { describe, expect, it } from "vitest";
import { decideDrain } from "../src/core/decide-drain.ts";
import { idleSince } from "../src/core/idle-since.ts";

const begunAtMs = 1_000;
const graceMs = 500;

describe("a draining replica", () => {
  it.each([
    { what: "waits for what runs", live: 1, unacknowledged: 0, now: 1_499, does: "wait" },
    {
      what: "gives up what runs when the grace period is over",
      live: 1,
      unacknowledged: 3,
      now: 1_500,
      does: "giveUp",
    },
    { what: "ends at once when nothing runs and nothing is owed", live: 0, unacknowledged: 0, now: 1_000, does: "end" },
    { what: "waits for routers to take outcomes", live: 0, unacknowledged: 1, now: 3_499, does: "wait" },
    { what: "ends two seconds after the grace period", live: 0, unacknowledged: 1, now: 3_500, does: "end" },
  ])("$what", ({ live, unacknowledged, now, does }) =>
    expect(decideDrain({ begunAtMs, graceMs, live, idleSinceMs: 1_000, unacknowledged }, now).kind).toBe(does),
  );

  it("waits half a minute for routers to take outcomes, however long its attempts might have taken", () => {
    const patient = { begunAtMs, graceMs: 3_600_000, live: 0, idleSinceMs: 50_000, unacknowledged: 1 };
    expect([79_999, 80_000].map((now) => decideDrain(patient, now).kind)).toEqual(["wait", "end"]);
  });
});

describe("idleness", () => {
  it.each([
    { what: "is none while an attempt lives", before: 7, live: 1, since: 0 },
    { what: "begins when the last attempt has ended", before: 0, live: 0, since: 100 },
    { what: "goes on from when it began", before: 7, live: 0, since: 7 },
  ])("$what", ({ before, live, since }) => expect(idleSince(before, live, 100)).toBe(since));
});
