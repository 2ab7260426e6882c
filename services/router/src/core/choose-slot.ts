import type { Execution } from "./execution.ts";
import type { Pool } from "./pool.ts";
import { preferredFor } from "./preferred-for.ts";
import { freeSlots, type Replica } from "./replica.ts";

/**
 * The replica to claim a slot of for an execution, or undefined when no slot is free:
 * 1. with an affinity key, the key's first choice that has a free slot;
 * 2. otherwise, or when those are full, the one with the fewest busy slots, and among equals the one whose slots changed
 *    most recently.
 * After an attempt that was lost, another replica than the one that lost it is taken if there is one.
 */
export function chooseSlot(pool: Pool, execution: Execution): Replica | undefined {
  if (pool.free.isEmpty) return undefined;
  if (execution.affinityKey !== "") {
    const preferred = preferredFor(execution.affinityKey, pool.usable).find((replica) => freeSlots(replica) > 0);
    if (preferred !== undefined) return preferred;
  }
  const last = execution.attempts.at(-1);
  return pool.free.best(last?.end?.outcome === "lost" ? last.replicaId : undefined);
}
