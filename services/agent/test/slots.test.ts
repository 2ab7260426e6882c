import { describe, expect, it } from "vitest";
import { attemptKey, Slots, type AttemptKey, type SlotEffect, type SlotEvent } from "../src/core/slots.ts";

/** Slots in short words: "x#1" is attempt 1 of execution x. */
class Bench {
  readonly slots: Slots<string>;

  readonly #keys = new Map<string, AttemptKey>();

  constructor(total: number, singleUse = false) {
    this.slots = new Slots(total, singleUse);
  }

  /** The key that the attempt was dispatched by. */
  key(name: string): AttemptKey {
    const [executionId = "", attempt = "1"] = name.split("#");
    const key = this.#keys.get(name) ?? attemptKey(executionId, Number(attempt));
    this.#keys.set(name, key);
    return key;
  }

  dispatch(name: string): string[] {
    return this.does({ kind: "dispatched", key: this.key(name) });
  }

  end(name: string): string[] {
    return this.does({ kind: "ended", key: this.key(name) });
  }

  park(name: string): string[] {
    return this.does({ kind: "parked", key: this.key(name) });
  }

  childEnded(parent: string, end: string): string[] {
    return this.does({ kind: "childEnded", parent: this.key(parent), end });
  }

  does(event: SlotEvent<string>): string[] {
    return this.slots.step(event).map(describeEffect);
  }
}

function describeEffect(effect: SlotEffect<string>): string {
  const name = `${effect.key.executionId}#${effect.key.attempt}`;
  switch (effect.kind) {
    case "run":
      return `run ${name}`;
    case "refuse":
      return `refuse ${name}: ${effect.reason}`;
    case "deliver":
      return `deliver ${effect.ends.join("+")} to ${name}`;
  }
}

describe("the slots of a replica", () => {
  it("run attempts up to their number and refuse the next", () => {
    const bench = new Bench(2);
    expect([bench.dispatch("a"), bench.dispatch("b"), bench.dispatch("c")]).toEqual([
      ["run a#1"],
      ["run b#1"],
      ["refuse c#1: SLOTS_FULL"],
    ]);
  });

  it("are free again when their attempt has ended", () => {
    const bench = new Bench(1);
    bench.dispatch("a");
    bench.end("a");
    expect(bench.dispatch("b")).toEqual(["run b#1"]);
  });

  it("refuse everything while draining, and let what runs go on", () => {
    const bench = new Bench(2);
    bench.dispatch("a");
    bench.does({ kind: "draining" });
    expect(bench.dispatch("b")).toEqual(["refuse b#1: REPLICA_DRAINING"]);
    expect([bench.slots.free, bench.slots.busy]).toEqual([0, 1]);
  });

  it("grow and shrink in place; what runs beyond a smaller number goes on", () => {
    const bench = new Bench(1);
    bench.dispatch("a");
    bench.does({ kind: "totalChanged", total: 2 });
    expect(bench.dispatch("b")).toEqual(["run b#1"]);
    bench.does({ kind: "totalChanged", total: 1 });
    expect(bench.slots.free).toBe(0);
    bench.end("a");
    expect(bench.dispatch("c")).toEqual(["refuse c#1: SLOTS_FULL"]);
  });
});

describe("fencing", () => {
  it("refuses an attempt that runs already", () => {
    const bench = new Bench(2);
    bench.dispatch("a#1");
    expect(bench.dispatch("a#1")).toEqual(["refuse a#1: STALE_ATTEMPT"]);
  });
  it("refuses an attempt that has ended", () => {
    const bench = new Bench(2);
    bench.dispatch("a#1");
    bench.end("a#1");
    expect(bench.dispatch("a#1")).toEqual(["refuse a#1: STALE_ATTEMPT"]);
  });
  it("refuses an attempt older than one it has seen", () => {
    const bench = new Bench(2);
    bench.dispatch("a#2");
    expect(bench.dispatch("a#1")).toEqual(["refuse a#1: STALE_ATTEMPT"]);
  });
  it("remembers the latest attempts of a thousand executions at least, and of two thousand at most", () => {
    const bench = new Bench(1);
    const others = (from: number, count: number): void => {
      for (let number = from; number < from + count; number++) {
        bench.dispatch(`other${number}#1`);
        bench.end(`other${number}#1`);
      }
    };
    bench.dispatch("a#2");
    bench.end("a#2");
    others(0, 999);
    expect(bench.dispatch("a#1")).toEqual(["refuse a#1: STALE_ATTEMPT"]);
    others(999, 1_001);
    expect(bench.dispatch("a#1")).toEqual(["run a#1"]);
  });
  it("takes a later attempt", () => {
    const bench = new Bench(2);
    bench.dispatch("a#1");
    bench.end("a#1");
    expect(bench.dispatch("a#2")).toEqual(["run a#2"]);
  });
  it("takes an attempt it had refused for want of a slot", () => {
    const bench = new Bench(1);
    bench.dispatch("a");
    bench.dispatch("b");
    bench.end("a");
    expect(bench.dispatch("b")).toEqual(["run b#1"]);
  });
});

describe("lending", () => {
  it("frees the slot of a parked attempt", () => {
    const bench = new Bench(1);
    bench.dispatch("parent");
    bench.park("parent");
    expect([bench.slots.free, bench.slots.busy, bench.slots.lent]).toEqual([1, 0, 1]);
    expect(bench.dispatch("child")).toEqual(["run child#1"]);
  });

  it("tells a parent of its child at once when a slot is free, and the parent holds it then", () => {
    const bench = new Bench(1);
    bench.dispatch("parent");
    bench.park("parent");
    bench.dispatch("child");
    bench.end("child");
    expect(bench.childEnded("parent", "four")).toEqual(["deliver four to parent#1"]);
    expect(bench.slots.free).toBe(0);
  });

  it("lets a parent wait for a slot when its child ended elsewhere, and puts it before new work", () => {
    const bench = new Bench(1);
    bench.dispatch("parent");
    bench.park("parent");
    bench.dispatch("other");
    expect(bench.childEnded("parent", "four")).toEqual([]);
    expect(bench.dispatch("new")).toEqual(["refuse new#1: SLOTS_FULL"]);
    expect(bench.end("other")).toEqual(["deliver four to parent#1"]);
    expect(bench.dispatch("new")).toEqual(["refuse new#1: SLOTS_FULL"]);
  });

  it("has no free slot for new work while a parent waits for one, however the number of slots changes", () => {
    const bench = new Bench(1);
    bench.dispatch("parent");
    bench.park("parent");
    bench.dispatch("other");
    bench.childEnded("parent", "four");
    expect(bench.does({ kind: "totalChanged", total: 2 })).toEqual(["deliver four to parent#1"]);
    expect(bench.slots.free).toBe(0);
  });

  it("hands over together what ended while the parent waited for a slot", () => {
    const bench = new Bench(1);
    bench.dispatch("parent");
    bench.park("parent");
    bench.dispatch("other");
    bench.childEnded("parent", "four");
    bench.childEnded("parent", "nine");
    expect(bench.end("other")).toEqual(["deliver four+nine to parent#1"]);
  });

  it("resumes parents in the order their children ended", () => {
    const bench = new Bench(1);
    for (const parent of ["p", "q"]) {
      bench.dispatch(parent);
      bench.park(parent);
    }
    bench.dispatch("other");
    bench.childEnded("q", "1");
    bench.childEnded("p", "2");
    expect(bench.end("other")).toEqual(["deliver 1 to q#1"]);
    expect(bench.park("q")).toEqual(["deliver 2 to p#1"]);
  });

  it("tells an attempt that did not park at once", () => {
    const bench = new Bench(1);
    bench.dispatch("parent");
    expect(bench.childEnded("parent", "four")).toEqual(["deliver four to parent#1"]);
  });

  it("resumes parents even while the replica drains", () => {
    const bench = new Bench(1);
    bench.dispatch("parent");
    bench.park("parent");
    bench.does({ kind: "draining" });
    expect(bench.childEnded("parent", "four")).toEqual(["deliver four to parent#1"]);
  });

  it("forgets a parked attempt that ends, and what it was owed", () => {
    const bench = new Bench(1);
    bench.dispatch("parent");
    bench.park("parent");
    bench.dispatch("other");
    bench.childEnded("parent", "four");
    bench.end("parent");
    expect(bench.end("other")).toEqual([]);
    expect([bench.slots.free, bench.slots.lent, bench.slots.live]).toEqual([1, 0, 0]);
  });

  it("ignores a child of an attempt that is gone, and a second park", () => {
    const bench = new Bench(1);
    expect(bench.childEnded("nobody", "four")).toEqual([]);
    bench.dispatch("parent");
    bench.park("parent");
    bench.park("parent");
    expect([bench.slots.busy, bench.slots.lent]).toEqual([0, 1]);
  });
});

describe("whatever happens in whatever order", () => {
  it.each(Array.from({ length: 50 }, (_, seed) => seed))("the slots are never exceeded (seed %i)", (seed) => {
    const random = randomFrom(seed + 1);
    const total = 1 + Math.floor(random() * 4);
    const bench = new Bench(total);
    const { slots } = bench;
    const names = Array.from({ length: 12 }, (_, index) => `e${index}`);
    for (let turn = 0; turn < 400; turn += 1) {
      const name = bench.key(`${names[Math.floor(random() * names.length)] ?? ""}#${1 + Math.floor((turn / 400) * 8)}`);
      const events: SlotEvent<string>[] = [
        { kind: "dispatched", key: name },
        { kind: "ended", key: name },
        { kind: "parked", key: name },
        { kind: "childEnded", parent: name, end: "end" },
      ];
      slots.step(events[Math.floor(random() * events.length)] ?? { kind: "draining" });
      expect(slots.busy).toBeLessThanOrEqual(total);
      expect(slots.busy + slots.lent).toBe(slots.live);
      expect(slots.free).toBeGreaterThanOrEqual(0);
    }
  });
});

/** Numbers from 0 to below 1, the same for the same seed: a linear congruential generator, good enough to shuffle. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

describe("a replica that serves one execution", () => {
  it("has no slot after its first dispatch, not even when that has ended", () => {
    const bench = new Bench(1, true);
    expect(bench.dispatch("x#1")).toEqual(["run x#1"]);
    expect(bench.dispatch("y#1")).toEqual(["refuse y#1: SLOTS_FULL"]);
    expect(bench.slots.isServed).toBe(false);
    bench.end("x#1");
    expect(bench.dispatch("y#1")).toEqual(["refuse y#1: SLOTS_FULL"]);
    expect([bench.slots.isServed, bench.slots.free, bench.slots.taken]).toEqual([true, 0, 1]);
  });

  it("is not used up by a dispatch it refused", () => {
    const bench = new Bench(1, true);
    bench.does({ kind: "dispatched", key: attemptKey("x", 0) });
    expect([bench.slots.free, bench.slots.taken]).toEqual([1, 0]);
  });

  it("lets its one execution lend its slot and have it back", () => {
    const bench = new Bench(1, true);
    bench.dispatch("x#1");
    bench.park("x#1");
    expect(bench.slots.free).toBe(0);
    expect(bench.childEnded("x#1", "done")).toEqual(["deliver done to x#1"]);
  });
});
