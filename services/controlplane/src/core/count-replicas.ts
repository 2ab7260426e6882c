import { isBusy, isLive, type Replica } from "./replica.ts";

/** A pool's replicas, counted once for all rules that ask. */
export interface ReplicaCounts {
  /** Those that have or will have slots, of every version. */
  readonly live: readonly Replica[];
  /**
   * Live ones of the current version, but for those that are to replace one that is still there, and those of single use
   * whose execution waits for its calls: these may need replicas of the same pool, and theirs has nothing left to give.
   */
  readonly settled: readonly Replica[];
  /** Live ones of other versions. */
  readonly others: readonly Replica[];
  /** Live ones of the current version that are to replace one that is still there, by its id. */
  readonly replacements: ReadonlyMap<string, Replica>;
  /** Ready ones among the settled. */
  readonly ready: number;
  /** Settled ones with attempts. */
  readonly busy: number;
  /** Replicas of the current version that drain and are not gone, but for those that were replaced. */
  readonly draining: number;
  /** Whether one that was replaced by recycling is not gone. */
  readonly isRecycling: boolean;
  /** Free slots of settled replicas, those of starting ones among them. */
  readonly freeSlots: number;
  /** Free slots of settled replicas that have attempts. */
  readonly freeInBusy: number;
  /** Whether any replica has attempts, draining ones among them. */
  readonly anyBusy: boolean;
  readonly othersBusy: boolean;
  /** When one of them was last in use. Undefined without replicas. */
  readonly lastUsedAtMs: number | undefined;
}

/** One pass: pools have thousands of replicas and are decided over many times a second. */
export function countReplicas(
  replicas: Iterable<Replica>,
  version: string | undefined,
  singleUse: boolean,
): ReplicaCounts {
  const live: Replica[] = [];
  const settled: Replica[] = [];
  const others: Replica[] = [];
  const replacing: Replica[] = [];
  let [ready, busy, draining, freeSlots, freeInBusy, lastUsedAtMs] = [0, 0, 0, 0, 0, -Infinity];
  let [anyBusy, othersBusy, isRecycling] = [false, false, false];
  const settle = (replica: Replica): void => {
    settled.push(replica);
    const free = replica.state === "ready" ? (replica.announced?.free ?? 0) : replica.slots;
    freeSlots += free;
    if (replica.state === "ready") ready += 1;
    if (!isBusy(replica)) return;
    busy += 1;
    freeInBusy += free;
  };
  for (const replica of replicas) {
    const inUse = isBusy(replica);
    anyBusy ||= inUse;
    lastUsedAtMs = Math.max(lastUsedAtMs, lastUseOf(replica));
    if (!isLive(replica)) {
      if (replica.endCause === "RECYCLED") isRecycling = true;
      else if (replica.version === version) draining += 1;
      continue;
    }
    live.push(replica);
    if (replica.version !== version) {
      others.push(replica);
      othersBusy ||= inUse;
    } else if (singleUse && isWaiting(replica)) continue;
    else if (replica.replaces === undefined) settle(replica);
    else replacing.push(replica);
  }
  const replacements = new Map<string, Replica>();
  if (replacing.length > 0) {
    const present = new Set(live.map(({ id }) => id));
    for (const replica of replacing) {
      if (replica.replaces !== undefined && present.has(replica.replaces)) replacements.set(replica.replaces, replica);
      else settle(replica);
    }
  }
  return {
    ...{
      live,
      settled,
      others,
      replacements,
      ready,
      busy,
      draining,
      freeSlots,
      freeInBusy,
      anyBusy,
      othersBusy,
      isRecycling,
    },
    lastUsedAtMs: lastUsedAtMs === -Infinity ? undefined : lastUsedAtMs,
  };
}

/** Its execution does nothing but wait for its calls. */
export function isWaiting({ announced }: Replica): boolean {
  return announced !== undefined && announced.busy === 0 && announced.lent > 0;
}

/** A replica that has not announced itself yet was started, or found again, for somebody's sake. */
function lastUseOf(replica: Replica): number {
  if (replica.announced !== undefined && replica.state !== "starting")
    return replica.announced.idleSinceMs ?? -Infinity;
  return isLive(replica) ? replica.heardAtMs : -Infinity;
}
