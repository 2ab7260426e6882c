import { describe, expect, it } from "vitest";
import { Soon } from "../src/mod.ts";

/** Settled at the end of the next turn of the event loop. */
const turn = (): Promise<void> => new Promise((resolve) => setTimeout(() => setImmediate(resolve)));

/** In a turn of the event loop of its own. */
const inTurn = (act: () => void): Promise<void> =>
  new Promise((resolve) =>
    setTimeout(() => {
      act();
      setImmediate(() => setImmediate(resolve));
    }),
  );

describe("what is to be done soon", () => {
  it("is done once for all who plan it in one tick", async () => {
    let done = 0;
    const soon = new Soon(() => (done += 1));
    for (let count = 0; count < 3; count++) soon.plan();
    expect(done).toBe(0);
    await turn();
    expect(done).toBe(1);
  });

  it("is done after all promises that are ready, and before the turn of the event loop ends", async () => {
    const order: string[] = [];
    const soon = new Soon(() => order.push("done"));
    await inTurn(() => {
      setImmediate(() => order.push("end of the turn"));
      soon.plan();
      void (async () => {
        for (let step = 0; step < 5; step++) await Promise.resolve();
        order.push("promises");
      })();
    });
    expect(order).toEqual(["promises", "done", "end of the turn"]);
  });

  it("is done at the end of the turn, once for all, when it was done right before", async () => {
    const order: string[] = [];
    const soon = new Soon(
      () => order.push("done"),
      () => 0,
    );
    await inTurn(() => soon.plan());
    await inTurn(() => {
      soon.plan();
      soon.plan();
      process.nextTick(() => process.nextTick(() => order.push("all that was ready")));
    });
    expect(order).toEqual(["done", "all that was ready", "done"]);
  });

  it("does not wait for the end of the turn after a tenth of a millisecond without", async () => {
    const order: string[] = [];
    let nowMs = 0;
    const soon = new Soon(
      () => order.push("done"),
      () => nowMs,
    );
    for (let count = 0; count < 2; count++) {
      await inTurn(() => {
        setImmediate(() => order.push("end of the turn"));
        soon.plan();
      });
      nowMs += 0.1;
    }
    expect(order).toEqual(["done", "end of the turn", "done", "end of the turn"]);
  });
});
