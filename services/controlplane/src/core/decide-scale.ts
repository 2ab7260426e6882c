import { describeDuration, plural } from "./describe.ts";
import type { Policy } from "@hearth/policy";
import { isBusy, isLive, type Replica } from "./replica.ts";
import { nextStartAt, type StartFailures } from "./start-backoff.ts";

/** All that is known of one pool at one moment. */
export interface PoolSnapshot {
  readonly now: number;
  readonly policy: Policy;
  /** The current version. Undefined: the environment was deleted. */
  readonly version: string | undefined;
  /** The replicas that have not ended. */
  readonly replicas: readonly Replica[];
  /** Accepted executions without a slot, over all routers. */
  readonly backlog: number;
  /** When there last was a backlog. Undefined: never, as far as is known. */
  readonly lastBacklogAtMs: number | undefined;
  /** Starts that failed since the last good one. */
  readonly startFailures: StartFailures | undefined;
}

/** What to do with one pool, and why it then has as many replicas as it has. */
export interface ScaleDecision {
  readonly kind: "start" | "drain" | "hold";
  /** Replicas wanted after this. */
  readonly desired: number;
  /** How many to start, of the current version. */
  readonly start: number;
  readonly startReason: string;
  readonly drain: readonly DrainOrder[];
  /** Why `desired` is what it is, for a person. */
  readonly reason: string;
  /** When to decide again even if nothing happens. Undefined: only when something does. */
  readonly nextAt: number | undefined;
}

export interface DrainOrder {
  readonly replicaId: string;
  readonly reason: string;
}

/** How many replicas are wanted and why, before anything is done about it. */
interface Wish {
  readonly desired: number;
  readonly reason: string;
}

/**
 * Decides over one pool.
 *
 * A pool is awake from its first backlog until it has been idle for `idleTtl`. Awake, it has at least `minReplicas`, and
 * as many more as the backlog needs beyond free slots and those of starting replicas, up to `maxReplicas`. A replica that
 * drains counts towards the maximum until it is gone. A replica idle for `scaledownTtl` goes while more than
 * `minReplicas` remain, the longest idle first.
 *
 * A new version rolls out beside the other one: the other's replicas serve until one of the new version is ready, or
 * until nobody wants anything; then they drain. The bound of `maxReplicas` holds for each version by itself, since
 * otherwise a pool of one replica could not change its version without a gap.
 */
export function decideScale(snapshot: PoolSnapshot): ScaleDecision {
  const { version, replicas } = snapshot;
  const live = replicas.filter(isLive);
  if (version === undefined) return drainAll(live, "the environment was deleted");
  const sleepsAt = sleepMoment(snapshot);
  if (sleepsAt === undefined || sleepsAt <= snapshot.now) {
    const reason =
      sleepsAt === undefined
        ? "nothing has been asked for"
        : `the environment was idle for ${describeDuration(snapshot.policy.idleTtlMs)} (idle TTL)`;
    return drainAll(live, reason);
  }
  const current = live.filter((replica) => replica.version === version);
  const stale = staleOnes(snapshot, live, current);
  const wish = wishFor(snapshot, current, live);
  return current.length < wish.desired
    ? startUpTo(snapshot, current, wish, stale, sleepsAt)
    : drainDownTo(snapshot, current, wish, stale, sleepsAt);
}

function drainAll(live: readonly Replica[], reason: string): ScaleDecision {
  const drain = live.map(({ id }) => ({ replicaId: id, reason }));
  return { ...nothing, kind: drain.length > 0 ? "drain" : "hold", desired: 0, drain, reason };
}

const nothing = { kind: "hold", start: 0, startReason: "", drain: [], nextAt: undefined } as const;

/** When the pool falls asleep, were nothing to happen any more. Infinity while it is in use, undefined when never woken. */
function sleepMoment({ replicas, backlog, lastBacklogAtMs, policy }: PoolSnapshot): number | undefined {
  if (backlog > 0 || replicas.some(isBusy)) return Infinity;
  const moments = [...replicas.map(lastUseOf), lastBacklogAtMs].filter((moment) => moment !== undefined);
  return moments.length === 0 ? undefined : Math.max(...moments) + policy.idleTtlMs;
}

/** A replica that has not announced itself yet was started, or found again, for somebody's sake. */
function lastUseOf(replica: Replica): number | undefined {
  if (replica.announced !== undefined) return replica.announced.idleSinceMs;
  return isLive(replica) ? replica.heardAtMs : undefined;
}

/** The replicas of other versions that may go now. */
function staleOnes(
  { version, backlog }: PoolSnapshot,
  live: readonly Replica[],
  current: readonly Replica[],
): readonly DrainOrder[] {
  const others = live.filter((replica) => replica.version !== version);
  const replaced = current.some(({ state }) => state === "ready");
  const wanted = backlog > 0 || others.some(isBusy);
  const reason = `version ${version ?? ""} is current`;
  return others
    .filter(({ state }) => replaced || !wanted || state !== "ready")
    .map(({ id }) => ({ replicaId: id, reason }));
}

function wishFor(
  { policy, backlog, version, replicas }: PoolSnapshot,
  current: readonly Replica[],
  live: readonly Replica[],
): Wish {
  const { minReplicas, maxReplicas, concurrency } = policy;
  const uncovered = backlog - coveredBy(live);
  const needed = uncovered > 0 ? current.length + Math.ceil(uncovered / concurrency) : 0;
  const succeeding = live.some((replica) => replica.version !== version && isBusy(replica)) ? 1 : 0;
  const wanted = Math.max(minReplicas, needed, succeeding, Math.min(current.length, maxReplicas));
  const leaving = replicas.filter((replica) => replica.state === "draining" && replica.version === version).length;
  if (needed > maxReplicas) {
    const reason = `${plural(backlog, "execution waits", "executions wait")}: at max replicas (${maxReplicas})`;
    return { desired: Math.max(current.length, Math.min(wanted, maxReplicas - leaving)), reason };
  }
  const desired = Math.max(Math.min(current.length, maxReplicas), Math.min(wanted, maxReplicas - leaving));
  if (needed > minReplicas) return { desired, reason: plural(backlog, "execution waits", "executions wait") };
  if (desired > minReplicas) return { desired, reason: `${desired} in use or not idle for long enough to go` };
  return { desired, reason: `the environment is awake; min replicas is ${minReplicas}` };
}

/** Executions of the backlog that free slots, and those of starting replicas, will take. */
function coveredBy(live: readonly Replica[]): number {
  return live.reduce(
    (sum, { state, slots, announced }) => sum + (state === "ready" ? (announced?.free ?? 0) : slots),
    0,
  );
}

function startUpTo(
  snapshot: PoolSnapshot,
  current: readonly Replica[],
  wish: Wish,
  stale: readonly DrainOrder[],
  sleepsAt: number,
): ScaleDecision {
  const { startFailures, now } = snapshot;
  const startAt = startFailures === undefined ? now : nextStartAt(startFailures);
  if (startFailures !== undefined && startAt > now) {
    const reason = `${wish.reason}; waiting ${describeDuration(startAt - now)} after ${plural(startFailures.count, "failed start", "failed starts")}`;
    return {
      ...nothing,
      kind: stale.length > 0 ? "drain" : "hold",
      desired: wish.desired,
      drain: stale,
      reason,
      nextAt: earliest([startAt, sleepsAt]),
    };
  }
  return {
    kind: "start",
    desired: wish.desired,
    start: wish.desired - current.length,
    startReason: wish.reason,
    drain: stale,
    reason: wish.reason,
    nextAt: earliest([sleepsAt]),
  };
}

function drainDownTo(
  snapshot: PoolSnapshot,
  current: readonly Replica[],
  wish: Wish,
  stale: readonly DrainOrder[],
  sleepsAt: number,
): ScaleDecision {
  const { policy, now, backlog } = snapshot;
  const excess = excessOf(current, policy.maxReplicas);
  const idle = current.filter(isIdle).sort((a, b) => idleSince(a) - idleSince(b));
  const spare = backlog > 0 ? 0 : Math.max(0, current.length - policy.minReplicas);
  const candidates = idle.slice(0, spare);
  const due = candidates
    .filter((replica) => idleSince(replica) + policy.scaledownTtlMs <= now)
    .filter(({ id }) => !excess.some((order) => order.replicaId === id))
    .slice(0, Math.max(0, spare - excess.length));
  const dueOrders = due.map(({ id }) => ({
    replicaId: id,
    reason: `idle for ${describeDuration(policy.scaledownTtlMs)} (scaledown TTL)`,
  }));
  const drain = [...stale, ...excess, ...dueOrders];
  const leaving = new Set(drain.map(({ replicaId }) => replicaId));
  const nextDue = candidates
    .filter(({ id }) => !leaving.has(id))
    .map((replica) => idleSince(replica) + policy.scaledownTtlMs);
  return {
    ...nothing,
    kind: drain.length > 0 ? "drain" : "hold",
    desired: current.filter(({ id }) => !leaving.has(id)).length,
    drain,
    reason: wish.reason,
    nextAt: earliest([sleepsAt, ...nextDue]),
  };
}

/** After the maximum was lowered: starting replicas and idle ones above it. Busy ones go once they are idle. */
function excessOf(current: readonly Replica[], maxReplicas: number): readonly DrainOrder[] {
  const starting = current.filter(({ state }) => state !== "ready").sort((a, b) => b.createdAtMs - a.createdAtMs);
  const idle = current.filter(isIdle).sort((a, b) => idleSince(a) - idleSince(b));
  const above = Math.max(0, current.length - maxReplicas);
  return [...starting, ...idle]
    .slice(0, above)
    .map(({ id }) => ({ replicaId: id, reason: `max replicas is now ${maxReplicas}` }));
}

function isIdle(replica: Replica): boolean {
  return replica.state === "ready" && !isBusy(replica) && replica.announced?.idleSinceMs !== undefined;
}

function idleSince(replica: Replica): number {
  return replica.announced?.idleSinceMs ?? Infinity;
}

function earliest(moments: readonly number[]): number | undefined {
  const next = Math.min(...moments);
  return Number.isFinite(next) ? next : undefined;
}
