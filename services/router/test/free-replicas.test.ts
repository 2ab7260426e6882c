import { describe, expect, it } from "vitest";
import { FreeReplicas } from "../src/core/free-replicas.ts";
import { freeSlots, type Replica } from "../src/core/replica.ts";
import { aReplica } from "./samples.ts";

/** Free replicas of which each change is one word. */
class Pool {
  readonly free = new FreeReplicas();

  constructor(...replicas: readonly Replica[]) {
    for (const replica of replicas) this.free.add(replica);
  }

  /** So many of a replica's slots are free from now on. */
  set(replica: Replica, reportedFree: number): void {
    replica.reportedFree = reportedFree;
    this.free.update(replica);
  }

  best(avoided?: string): string | undefined {
    return this.free.best(avoided)?.id;
  }
}

describe("of the replicas with a free slot", () => {
  it("the one with the fewest busy slots is the best, however many it has in all", () => {
    const large = aReplica("large", { total: 100, reportedFree: 98 });
    expect(new Pool(large, aReplica("small", { reportedFree: 3 })).best()).toBe("small");
  });

  it("among equals the one whose slots changed most recently is", () => {
    const [a, b, c] = [aReplica("a"), aReplica("b"), aReplica("c")];
    const pool = new Pool(a, b, c);
    for (const replica of [a, b, c]) pool.set(replica, 3);
    for (const replica of [a, c, b]) pool.set(replica, 4);
    expect(pool.best()).toBe("b");
    pool.set(b, 0);
    expect(pool.best()).toBe("c");
  });

  it("one that has just come, or come back, is the last of its equals", () => {
    const used = aReplica("used");
    const pool = new Pool(used);
    pool.free.add(aReplica("new"));
    pool.set(used, 0);
    pool.set(used, 4);
    expect(pool.best()).toBe("used");
    pool.free.remove(used);
    pool.free.add(used);
    expect(pool.best()).toBe("new");
  });

  it("one that only confirms its slots keeps its place", () => {
    const [a, b] = [aReplica("a"), aReplica("b")];
    const pool = new Pool(a, b);
    pool.set(b, 3);
    pool.set(b, 4);
    pool.set(a, 4);
    expect(pool.best()).toBe("b");
  });

  it("one that is avoided is passed over for any other, and taken when it is the only one", () => {
    const other = aReplica("b", { reportedFree: 1 });
    const pool = new Pool(aReplica("a"), other);
    expect(pool.best("a")).toBe("b");
    pool.set(other, 0);
    expect(pool.best("a")).toBe("a");
  });

  it("one that is full or may not be used is none, until it is again", () => {
    const a = aReplica("a");
    const pool = new Pool(a);
    pool.set(a, 0);
    expect([pool.free.isEmpty, pool.best()]).toEqual([true, undefined]);
    pool.set(a, 1);
    expect([pool.free.isEmpty, pool.best()]).toEqual([false, "a"]);
    pool.free.remove(a);
    expect([pool.free.isEmpty, pool.best()]).toEqual([true, undefined]);
    pool.set(a, 2);
    expect([pool.free.isEmpty, pool.best()]).toEqual([true, undefined]);
    pool.free.add(a);
    expect([pool.free.isEmpty, pool.best()]).toEqual([false, "a"]);
  });

  it("one whose agent counts what cannot be can be chosen all the same", () => {
    const endless = aReplica("endless", { total: 4_294_967_295, reportedFree: 1 });
    const half = aReplica("half", { reportedFree: 4, sent: 1, seen: 0.5 });
    const pool = new Pool(endless, half);
    expect(pool.best()).toBe("half");
    expect(pool.best("half")).toBe("endless");
  });
});

it("whatever happens to replicas, the best one is what looking at each would find", () => {
  const random = randomNumbers(42);
  const pool = new Pool();
  const naive = new NaiveReplicas();
  const replicas = Array.from({ length: 40 }, (_, index) => aReplica(`r${index}`, { total: 1 + (index % 7) }));
  for (let step = 1; step < 5_000; step++) {
    const replica = replicas[random(replicas.length)] as Replica;
    // Times in which nearly all are busy, and times in which few are.
    const isRush = step % 1_000 < 500;
    replica.reportedFree = isRush && random(10) > 0 ? 0 : random(replica.total + 1);
    const change = random(8) === 0 ? "remove" : random(4) === 0 ? "add" : "update";
    pool.free[change](replica);
    naive[change](replica);
    const avoided = `r${random(60)}`;
    expect(pool.best(avoided)).toBe(naive.best(avoided)?.id);
    expect(pool.best()).toBe(naive.best("")?.id);
  }
});

/** The same in few words: one list, the replica whose slots changed most recently first, and each looked at. */
class NaiveReplicas {
  #all: readonly ReturnType<typeof slotsOf>[] = [];

  add(replica: Replica): void {
    if (this.#all.some((each) => each.replica === replica)) this.update(replica);
    else this.#all = [...this.#all, slotsOf(replica)];
  }

  update(replica: Replica): void {
    const before = this.#all.find((each) => each.replica === replica);
    if (before === undefined || before.free === freeSlots(replica)) return;
    this.#all = [slotsOf(replica), ...this.#all.filter((each) => each !== before)];
  }

  remove(replica: Replica): void {
    this.#all = this.#all.filter((each) => each.replica !== replica);
  }

  best(avoided: string): Replica | undefined {
    const free = this.#all.filter((each) => each.free > 0);
    const others = free.filter(({ replica }) => replica.id !== avoided);
    return (others.length > 0 ? others : free).toSorted((a, b) => a.busy - b.busy)[0]?.replica;
  }
}

function slotsOf(replica: Replica) {
  const free = freeSlots(replica);
  return { replica, free, busy: replica.total - free };
}

/** Whole numbers from 0, below what is asked for. */
function randomNumbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return Math.floor((state / 0x80000000) * below);
  };
}
