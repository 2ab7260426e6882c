import { expect, it } from "vitest";
import { FreeReplicas } from "../src/core/free-replicas.ts";
import { freeSlots, type Replica } from "../src/core/replica.ts";
import { aReplica } from "./samples.ts";

/** The same by looking at each. */
function bestOf(replicas: readonly Replica[], avoided: string): Replica | undefined {
  const free = replicas.filter((replica) => freeSlots(replica) > 0);
  const others = free.filter(({ id }) => id !== avoided);
  const byUse = (a: Replica, b: Replica): number =>
    a.total - freeSlots(a) - (b.total - freeSlots(b)) || b.lastUsed - a.lastUsed;
  return (others.length > 0 ? others : free).sort(byUse)[0];
}

it("whatever happens to replicas, the best one is what looking at each would find", () => {
  let seed = 42;
  const random = (below: number): number => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fffffff;
    return Math.floor((seed / 0x80000000) * below);
  };
  const replicas = Array.from({ length: 40 }, (_, index) => aReplica(`r${index}`, { lastUsed: -index }));
  const free = new FreeReplicas();
  for (let step = 1; step < 5_000; step++) {
    const replica = replicas[random(replicas.length)] as Replica;
    if (random(3) === 0) replica.lastUsed = step;
    else replica.reportedFree = random(replica.total + 1);
    free.update(replica, true);
    const avoided = `r${random(60)}`;
    const known = replicas.filter((other) => free.has(other));
    expect(free.best(avoided)?.id).toBe(bestOf(known, avoided)?.id);
  }
  for (const replica of replicas) free.update(replica, false);
  expect([free.size, free.best()]).toEqual([0, undefined]);
});
