import { ManualClock } from "@hearth/clock";
import { createLogger } from "@hearth/telemetry";
import { expect, it, vi } from "vitest";
import { ownMemory } from "../src/io/own-memory.ts";
import type { Announced } from "../src/loops/announce-slots.ts";
import { giveBackMemory } from "../src/loops/give-back-memory.ts";

function replica(): {
  clock: ManualClock;
  collect: () => void;
  attempts: { live: number; executions: number; isReady: boolean };
} {
  const clock = new ManualClock(1_000);
  const collect = vi.fn();
  const attempts = { live: 0, executions: 0, isReady: true };
  giveBackMemory({
    clock,
    logger: createLogger("test", "silent"),
    announced: () => ({ ...attempts, state: { executions: attempts.executions } as Announced["state"] }),
    memory: { residentBytes: () => 70_000_000, collect },
  });
  return { clock, collect, attempts };
}

it("collects once a replica has come to rest, and then not for nothing", () => {
  const { clock, collect } = replica();
  clock.advance(2_000);
  expect(collect).not.toHaveBeenCalled();
  clock.advance(60_000);
  expect(collect).toHaveBeenCalledTimes(1);
});

it("leaves a replica in peace that loads its code", () => {
  const { clock, collect, attempts } = replica();
  attempts.isReady = false;
  clock.advance(60_000);
  expect(collect).not.toHaveBeenCalled();
});

it("sees attempts that come and go between two looks", () => {
  const { clock, collect, attempts } = replica();
  for (let second = 0; second < 60; second++) {
    attempts.executions += 1;
    clock.advance(1_000);
  }
  expect(collect).not.toHaveBeenCalled();
});

it("takes from this process what it no longer holds", () => {
  let held: object[] | undefined = Array.from({ length: 1_000_000 }, (_, at) => ({ at }));
  const before = ownMemory.residentBytes();
  expect(held.length).toBe(1_000_000);
  held = undefined;
  ownMemory.collect();
  expect(ownMemory.residentBytes()).toBeLessThan(before - 20_000_000);
});
