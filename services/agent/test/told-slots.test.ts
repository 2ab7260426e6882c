import { describe, expect, it } from "vitest";
import { ToldSlots } from "../src/core/told-slots.ts";

function told(total: number, free: number): ToldSlots {
  const slots = new ToldSlots();
  slots.mustTell({ total, free });
  return slots;
}

describe("what a router is told of the slots", () => {
  it("is how they stand at first", () => expect(new ToldSlots().mustTell({ total: 2, free: 2 })).toBe(true));

  it("is nothing about a slot that its own dispatch took", () => {
    const slots = told(2, 2);
    slots.dispatchReceived();
    expect(slots.mustTell({ total: 2, free: 1 })).toBe(false);
  });

  it("is that a slot came free", () => {
    const slots = told(2, 2);
    slots.dispatchReceived();
    slots.mustTell({ total: 2, free: 1 });
    expect(slots.mustTell({ total: 2, free: 2 })).toBe(true);
  });

  it("is that its dispatch took none: it was refused", () => {
    const slots = told(2, 2);
    slots.dispatchReceived();
    expect(slots.mustTell({ total: 2, free: 2 })).toBe(true);
  });

  it("is that somebody else took one", () => expect(told(2, 2).mustTell({ total: 2, free: 1 })).toBe(true));

  it("is that there are more or fewer in all", () => expect(told(2, 2).mustTell({ total: 3, free: 2 })).toBe(true));

  it("is nothing about a dispatch that came too late for the last slot", () => {
    const slots = told(2, 0);
    slots.dispatchReceived();
    expect(slots.mustTell({ total: 2, free: 0 })).toBe(false);
  });

  it("is that a slot came free after such a dispatch", () => {
    const slots = told(2, 0);
    slots.dispatchReceived();
    expect(slots.mustTell({ total: 2, free: 1 })).toBe(true);
  });
});
