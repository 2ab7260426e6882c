import type { Policy } from "@hearth/policy";
import { countReplicas, type ReplicaCounts } from "./count-replicas.ts";
import { decideRecycling } from "./decide-recycling.ts";
import { decideScaledown } from "./decide-scaledown.ts";
import { describeDuration, plural } from "./describe.ts";
import type { EndCause, Replica, StartCause } from "./replica.ts";
import { nextStartAt, type StartFailures } from "./start-backoff.ts";

/** All that is known of one pool at one moment. */
export interface PoolSnapshot {
  readonly now: number;
  readonly policy: Policy;
  /** The current version. Undefined: the environment was deleted. */
  readonly version: string | undefined;
  /** The replicas that have not ended. */
  readonly replicas: Iterable<Replica>;
  /** Accepted executions without a slot, over all routers. */
  readonly backlog: number;
  /** Since when more of them have waited than there are free slots, as the last decision found. Undefined: they did not. */
  readonly uncoveredSinceMs: number | undefined;
  /** When there last was a backlog. Undefined: never, as far as is known. */
  readonly lastBacklogAtMs: number | undefined;
  /** A warm-up that was asked for and is not complete. */
  readonly warmUp: WarmUp | undefined;
  /** When replicas last went because of the scaledown TTL. */
  readonly lastScaledownAtMs: number | undefined;
  /** When one of its replicas last was gone. */
  readonly lastGoneAtMs: number | undefined;
  /** Starts that failed since the last good one. */
  readonly startFailures: StartFailures | undefined;
}

export interface WarmUp {
  readonly replicas: number;
  readonly askedAtMs: number;
}

/** What to do with one pool, and why it then has as many replicas as it has. */
export interface ScaleDecision {
  readonly kind: "start" | "drain" | "hold";
  /** Replicas wanted after this. */
  readonly desired: number;
  /** Replicas of the current version to start. */
  readonly start: readonly StartOrder[];
  readonly drain: readonly DrainOrder[];
  /** Why `desired` is what it is, for a person. */
  readonly reason: string;
  /** When to decide again even if nothing happens. Undefined: only when something does. */
  readonly nextAt: number | undefined;
  /** Since when more executions have waited than there are free slots. Undefined: they do not. */
  readonly uncoveredSinceMs: number | undefined;
}

export interface StartOrder {
  readonly count: number;
  readonly cause: StartCause;
  readonly reason: string;
  /** The replica that the new one is to take the place of. */
  readonly replaces?: string;
}

export interface DrainOrder {
  readonly replicaId: string;
  readonly cause: EndCause;
  readonly reason: string;
}

/** How many replicas are wanted and why, before anything is done about it. */
interface Wish {
  readonly desired: number;
  readonly cause: StartCause;
  readonly reason: string;
  /** When the wish grows by itself. */
  readonly growsAt: number | undefined;
  readonly uncoveredSinceMs: number | undefined;
}

/**
 * The backlog of a pool that has replicas, or just had, has this long to find a free slot before more of them are started:
 * what ends in less is not worth a start, and routers and agents do not tell of one and the same dispatch in one moment.
 */
export const growAfterMs = 100;

/**
 * Decides over one pool.
 *
 * A pool is awake from its first backlog or warm-up until it has been idle for `idleTtl`. Awake, it has at least
 * `minReplicas`, `bufferReplicas` beyond those in use, and as many as the backlog needs beyond free slots and those of
 * starting replicas, up to `maxReplicas`. A replica that drains counts towards the maximum until it is gone. A replica idle
 * for `scaledownTtl` goes while more than that remain, the longest idle first.
 *
 * A new version rolls out beside the other one: the other's replicas serve until one of the new version is ready, or until
 * nobody wants anything; then they drain. The bound of `maxReplicas` holds for each version by itself, since otherwise a
 * pool of one replica could not change its version without a gap; and one replica that is about to replace another does not
 * count. Nor does one of single use whose execution waits for its calls, since they could otherwise wait for it for ever.
 */
export function decideScale(snapshot: PoolSnapshot): ScaleDecision {
  const { version, now, policy, startFailures } = snapshot;
  const counts = countReplicas(snapshot.replicas, version, policy.singleUse);
  if (version === undefined) return drainAll(counts, "ENVIRONMENT_DELETED", "the environment was deleted");
  const sleepsAt = sleepMoment(snapshot, counts);
  if (sleepsAt === undefined) return drainAll(counts, "NOT_WANTED", "nothing has been asked for");
  if (sleepsAt <= now) {
    const idleFor = describeDuration(policy.idleTtlMs);
    return drainAll(counts, "IDLE_TTL", `the environment was idle for ${idleFor} (idle TTL)`);
  }
  const wish = wishFor(snapshot, counts);
  const stale = staleOnes(snapshot, counts);
  const recycling = decideRecycling(counts, policy.recycling, now);
  const missing = Math.max(0, wish.desired - counts.settled.length);
  const start: StartOrder[] = [];
  if (missing > 0) start.push({ count: missing, cause: wish.cause, reason: wish.reason });
  const scaledown = decideScaledown(snapshot, counts, missing > 0 ? counts.settled.length : keptFor(snapshot, counts));
  // What goes anyway needs no replacement.
  const leaving = new Set(scaledown.drain.map(({ replicaId }) => replicaId));
  start.push(...recycling.start.filter(({ replaces = "" }) => !leaving.has(replaces)));
  const startAt = startFailures === undefined ? now : nextStartAt(startFailures);
  const postponed = start.length > 0 && startAt > now;
  const drain = [...stale, ...recycling.drain, ...scaledown.drain];
  const failed = startFailures?.count ?? 0;
  return {
    kind: start.length > 0 && !postponed ? "start" : drain.length > 0 ? "drain" : "hold",
    desired: Math.max(wish.desired, counts.settled.length) - scaledown.drain.length,
    start: postponed ? [] : start,
    drain,
    reason: postponed
      ? `${wish.reason}; waiting ${describeDuration(startAt - now)} after ${plural(failed, "failed start", "failed starts")}`
      : wish.reason,
    uncoveredSinceMs: wish.uncoveredSinceMs,
    nextAt: earliest([sleepsAt, postponed ? startAt : undefined, wish.growsAt, recycling.nextAt, scaledown.nextAt]),
  };
}

function drainAll({ live }: ReplicaCounts, cause: EndCause, reason: string): ScaleDecision {
  const drain = live.map(({ id }) => ({ replicaId: id, cause, reason }));
  return { kind: drain.length > 0 ? "drain" : "hold", desired: 0, start: [], drain, reason, ...later };
}

const later = { nextAt: undefined, uncoveredSinceMs: undefined };

/** When the pool falls asleep, were nothing to happen any more. Infinity while it is in use, undefined when never woken. */
function sleepMoment(snapshot: PoolSnapshot, counts: ReplicaCounts): number | undefined {
  const { backlog, lastBacklogAtMs, warmUp, policy } = snapshot;
  if (backlog > 0 || counts.anyBusy) return Infinity;
  const moments = [counts.lastUsedAtMs, lastBacklogAtMs, warmUp?.askedAtMs].filter((moment) => moment !== undefined);
  return moments.length === 0 ? undefined : Math.max(...moments) + policy.idleTtlMs;
}

/** The replicas of other versions that may go now. */
function staleOnes({ version, backlog }: PoolSnapshot, counts: ReplicaCounts): readonly DrainOrder[] {
  const replaced = counts.ready > 0;
  const wanted = backlog > 0 || counts.othersBusy;
  const reason = `version ${version ?? ""} is current`;
  return counts.others
    .filter(({ state }) => replaced || !wanted || state !== "ready")
    .map(({ id }) => ({ replicaId: id, cause: "ROLL_OUT", reason }));
}

function wishFor(snapshot: PoolSnapshot, counts: ReplicaCounts): Wish {
  const { policy, backlog, now, warmUp } = snapshot;
  const { minReplicas, maxReplicas, concurrency } = policy;
  const present = counts.settled.length;
  const uncovered = backlog - counts.freeSlots;
  const uncoveredSinceMs = uncovered > 0 ? (snapshot.uncoveredSinceMs ?? now) : undefined;
  const growsAt = growMoment(uncoveredSinceMs, snapshot, counts);
  const grows = growsAt !== undefined && growsAt <= now;
  const wishes = [
    {
      replicas: minReplicas,
      cause: "MIN_REPLICAS",
      reason: `the environment is awake; min replicas is ${minReplicas}`,
    },
    {
      replicas: counts.othersBusy ? 1 : 0,
      cause: "ROLL_OUT",
      reason: `version ${snapshot.version ?? ""} rolls out`,
    },
    { replicas: warmUp?.replicas ?? 0, cause: "WARM_UP", reason: `a warm-up asked for ${warmUp?.replicas ?? 0}` },
    { replicas: inUseWithBuffer(snapshot, counts), cause: "BUFFER", reason: bufferReason(policy) },
    {
      replicas: grows ? present + Math.ceil(uncovered / concurrency) : 0,
      cause: "BACKLOG",
      reason: plural(backlog, "execution waits", "executions wait"),
    },
  ] as const satisfies readonly { replicas: number; cause: StartCause; reason: string }[];
  // Of equal wishes the earlier one is the reason.
  const most = wishes.reduce((best, wish) => (wish.replicas > best.replicas ? wish : best));
  // A replica that drains counts until it is gone, but no replica goes for the sake of one that drains.
  const room = Math.max(Math.min(present, maxReplicas), maxReplicas - counts.draining);
  const desired = Math.max(Math.min(present, maxReplicas), Math.min(most.replicas, room));
  return {
    desired,
    cause: most.cause,
    reason: reasonFor(snapshot, most, desired, grows),
    growsAt: grows ? undefined : growsAt,
    uncoveredSinceMs,
  };
}

function reasonFor(
  { policy, backlog }: PoolSnapshot,
  most: { readonly replicas: number; readonly reason: string },
  desired: number,
  grows: boolean,
): string {
  if (most.replicas > policy.maxReplicas) {
    const waiting = grows ? `${plural(backlog, "execution waits", "executions wait")}: ` : "";
    return `${waiting}at max replicas (${policy.maxReplicas})`;
  }
  if (desired > most.replicas) return `${desired} in use or not idle for long enough to go`;
  return most.reason;
}

/** When a backlog without a slot makes the pool grow: at once where there is nothing that may give it one soon. */
function growMoment(
  uncoveredSinceMs: number | undefined,
  { lastGoneAtMs = -Infinity, now }: PoolSnapshot,
  { settled }: ReplicaCounts,
): number | undefined {
  if (uncoveredSinceMs === undefined) return undefined;
  const isCold = settled.length === 0 && lastGoneAtMs + growAfterMs <= now;
  return isCold ? uncoveredSinceMs : uncoveredSinceMs + growAfterMs;
}

/** Replicas in use, or about to be for the backlog, and the buffer beyond them. 0 without a buffer or without use. */
function inUseWithBuffer({ policy, backlog }: PoolSnapshot, counts: ReplicaCounts): number {
  if (policy.bufferReplicas === 0) return 0;
  const beyondBusy = Math.max(0, backlog - counts.freeInBusy);
  const inUse = counts.busy + Math.ceil(beyondBusy / policy.concurrency);
  return inUse === 0 ? 0 : inUse + policy.bufferReplicas;
}

function bufferReason({ bufferReplicas }: Policy): string {
  return `${plural(bufferReplicas, "idle replica is", "idle replicas are")} kept beyond those in use (buffer)`;
}

/** How many replicas stay whatever their idleness. All of them while something waits. */
function keptFor(snapshot: PoolSnapshot, counts: ReplicaCounts): number {
  if (snapshot.backlog > 0) return counts.settled.length;
  const { minReplicas } = snapshot.policy;
  return Math.max(minReplicas, snapshot.warmUp?.replicas ?? 0, inUseWithBuffer(snapshot, counts));
}

function earliest(moments: readonly (number | undefined)[]): number | undefined {
  const next = Math.min(...moments.map((moment) => moment ?? Infinity));
  return Number.isFinite(next) ? next : undefined;
}
