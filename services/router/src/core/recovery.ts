import type { AttemptKey } from "./events.ts";
import type { AttemptEnd, Execution } from "./execution.ts";
import type { Replica } from "./replica.ts";

/** Replicas announce themselves every second: after this long every living one was heard of. */
export const listenMs = 1_500;
/** A replica that does not answer for this long is lost, and what it may have is made again. */
export const holdMsMax = 5_000;
/** Attempts of executions that are not known. As many as can be told before they are written. */
const unclaimedMax = 50_000;
/** What a replica owes comes right behind its hello. */
const arrearsMs = 100;

interface Held {
  readonly execution: Execution;
  readonly since: number;
}

/** An attempt on a replica, and how it ended if it has. */
interface Place {
  readonly replica: Replica;
  readonly attempt: number;
  /** Whether its replica was asked what it is. */
  readonly isAsked: boolean;
  end?: AttemptEnd;
}

/**
 * What is not yet known after a takeover: which of the executions that seemed to wait were sent out in the last moment, how those
 * have ended that seem to run, and what the attempts belong to that replicas have and nobody wrote down.
 */
export class Recovery {
  readonly #held = new Map<string, Held>();
  readonly #unclaimed = new Map<string, Place>();
  /** What was taken over and has not ended, until it is known what replicas have of it. */
  readonly #unsettled = new Set<string>();
  /** Attempts that are not where the journal says. They were refused there, and may be elsewhere. */
  #missing: (AttemptKey & { readonly replicaId: string })[] = [];
  /** When a router was taken over last. */
  #tookOverAt = -Infinity;
  /** When a replica said last what it has. */
  #heardAt = -Infinity;

  tookOver(now: number): void {
    this.#tookOverAt = now;
  }

  heard(now: number): void {
    this.#heardAt = now;
  }

  /**
   * Whether one of the replicas may have something of a router that was taken over, and has not said so yet: an attempt that no
   * journal tells of, or how one ended.
   */
  mayFindMore(replicas: Iterable<Replica>, now: number, listensSince: number): boolean {
    if (now >= this.#tookOverAt + holdMsMax) return false;
    if (now < listensSince + listenMs || now < this.#heardAt + arrearsMs) return true;
    for (const { isAsked } of this.#unclaimed.values()) if (isAsked) return true;
    return !isComplete(replicas);
  }

  /** It was taken over: how it ended may be known to a replica only. */
  unsettle(executionId: string): void {
    this.#unsettled.add(executionId);
  }

  isUnsettled(executionId: string): boolean {
    return this.#unsettled.has(executionId);
  }

  settle(executionId: string): void {
    this.#unsettled.delete(executionId);
  }

  miss(key: AttemptKey, replicaId: string): void {
    this.#missing.push({ ...key, replicaId });
  }

  /** Nothing more is found. Returns the attempts that no replica has. */
  settleAll(): readonly (AttemptKey & { readonly replicaId: string })[] {
    const missing = this.#missing;
    this.#missing = [];
    this.#unsettled.clear();
    return missing;
  }

  /** The replica is gone, with what it had. */
  lose(replica: Replica): void {
    for (const [id, place] of this.#unclaimed) if (place.replica === replica) this.#unclaimed.delete(id);
  }

  /** The execution waits until it is known that no replica has it. */
  hold(execution: Execution, now: number): void {
    this.#held.set(execution.id, { execution, since: now });
  }

  /** The execution is accounted for. False when it was not held. */
  drop(executionId: string): boolean {
    return this.#held.delete(executionId);
  }

  /** Takes out those that no replica of their pool can have any more. */
  release(replicasOf: (pool: string) => Iterable<Replica>, now: number, listensSince: number): Execution[] {
    if (this.#held.size === 0) return [];
    const isSettled = new Map<string, boolean>();
    const released: Execution[] = [];
    for (const { execution, since } of this.#held.values()) {
      let settled = isSettled.get(execution.pool);
      if (settled === undefined) {
        settled = now >= listensSince + listenMs && isComplete(replicasOf(execution.pool));
        isSettled.set(execution.pool, settled);
      }
      if (settled || now >= since + holdMsMax) released.push(execution);
    }
    for (const { id } of released) this.#held.delete(id);
    return released;
  }

  /** A replica has an attempt of an execution that nobody here knows. It tells what it is, or whoever asked for it asks again. */
  keep(executionId: string, place: Place): void {
    this.#unclaimed.set(executionId, place);
    for (const oldest of this.#unclaimed.keys()) {
      if (this.#unclaimed.size <= unclaimedMax) return;
      this.#unclaimed.delete(oldest);
    }
  }

  /** The attempt that a replica said it has, of an execution that nobody here knows, has ended. */
  keepEnd({ executionId, attempt }: AttemptKey, end: AttemptEnd): void {
    const place = this.#unclaimed.get(executionId);
    if (place?.attempt === attempt) place.end = end;
  }

  /** Whether a replica has an attempt of the execution, and was asked what that is. */
  isAskedAbout(executionId: string): boolean {
    return this.#unclaimed.get(executionId)?.isAsked === true;
  }

  /** Where an attempt of the execution is, if a replica said so. */
  claim(executionId: string): Place | undefined {
    const place = this.#unclaimed.get(executionId);
    this.#unclaimed.delete(executionId);
    return place;
  }
}

/** Whether every replica has said what it has. One that is known to start has nothing. */
function isComplete(replicas: Iterable<Replica>): boolean {
  for (const { attached, state, address } of replicas) {
    if (!attached && (state !== "starting" || address === "")) return false;
  }
  return true;
}
