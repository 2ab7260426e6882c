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

  it("is done at the end of the turn when it was done in that turn before, once for all", async () => {
    const order: string[] = [];
    const soon = new Soon(() => order.push("done"));
    await inTurn(() => {
      soon.plan();
      void (async () => {
        while (order.length === 0) await new Promise<void>((resolve) => process.nextTick(resolve));
        soon.plan();
        soon.plan();
        order.push("planned again");
      })();
    });
    await turn();
    expect(order.filter((entry) => entry === "done").length).toBe(2);
    expect(order.slice(0, 2)).toEqual(["done", "planned again"]);
  });

  it("is done without waiting again in the next turn", async () => {
    const order: string[] = [];
    const soon = new Soon(() => order.push("done"));
    for (let count = 0; count < 2; count++) {
      await inTurn(() => {
        setImmediate(() => order.push("end of the turn"));
        soon.plan();
      });
    }
    expect(order).toEqual(["done", "end of the turn", "done", "end of the turn"]);
  });
});
