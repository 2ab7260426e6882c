import { freeSlots, type Replica } from "./replica.ts";

/**
 * The replica to claim a slot of: the one with the fewest busy slots, and among equals the one used most recently, so
 * that the others get to be idle. Undefined when no slot is free. A replica of another version than the current one is
 * never chosen.
 */
export function chooseSlot(replicas: Iterable<Replica>, currentVersion: string): Replica | undefined {
  let best: Replica | undefined;
  let bestBusy = Infinity;
  for (const replica of replicas) {
    const free = freeSlots(replica);
    if (free === 0 || replica.version !== currentVersion) continue;
    const busy = replica.total - free;
    if (busy < bestBusy || (busy === bestBusy && best !== undefined && replica.lastUsed > best.lastUsed)) {
      best = replica;
      bestBusy = busy;
    }
  }
  return best;
}
