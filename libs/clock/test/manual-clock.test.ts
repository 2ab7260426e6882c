import { describe, expect, it } from "vitest";
import { ManualClock } from "../src/mod.ts";

describe("a manual clock", () => {
  it("stands still until it is moved", () => {
    const clock = new ManualClock(100);
    expect(clock.now()).toBe(100);
    clock.advance(5);
    expect(clock.now()).toBe(105);
  });

  it("rings alarms in the order they are due, at the time they are due", () => {
    const clock = new ManualClock();
    const rung: string[] = [];
    clock.after(20, () => rung.push(`late at ${clock.now()}`));
    clock.after(10, () => rung.push(`early at ${clock.now()}`));
    clock.advance(30);
    expect(rung).toEqual(["early at 10", "late at 20"]);
  });

  it("rings an alarm that was set by another on the way", () => {
    const clock = new ManualClock();
    const rung: number[] = [];
    clock.after(10, () => clock.after(10, () => rung.push(clock.now())));
    clock.advance(19);
    expect(rung).toEqual([]);
    clock.advance(1);
    expect(rung).toEqual([20]);
  });

  it("does not ring what was cancelled", () => {
    const clock = new ManualClock();
    const rung: number[] = [];
    clock.after(10, () => rung.push(clock.now())).cancel();
    clock.advance(10);
    expect(rung).toEqual([]);
  });

  it("rings a repeated alarm once a period until it is cancelled", () => {
    const clock = new ManualClock();
    const rung: number[] = [];
    const timer = clock.every(10, () => rung.push(clock.now()));
    clock.advance(35);
    timer.cancel();
    clock.advance(35);
    expect(rung).toEqual([10, 20, 30]);
  });
});
