import { freshPoolOf } from "./choose-pool.ts";
import { chooseSlot } from "./choose-slot.ts";
import { decideAfterAttempt } from "./decide-retry.ts";
import { DueTimes } from "./due-times.ts";
import { EndedExecutions, type RetentionBounds } from "./ended-executions.ts";
import type { Announcement, AttemptKey, EnvironmentFacts, RouterEffect, RouterEvent, SlotsReport } from "./events.ts";
import { addAttempt, payloadBytesOf, type Attempt, type AttemptEnd, type Execution } from "./execution.ts";
import { explainWait } from "./explain-wait.ts";
import { Family } from "./family.ts";
import { dueAt, noLimits, whatIsDue } from "./limits.ts";
import { Line } from "./line.ts";
import { newPool, type Pool } from "./pool.ts";
import { hashText } from "./preferred-for.ts";
import { Recovery } from "./recovery.ts";
import type { Replica } from "./replica.ts";

/** What waits until replicas have said what they have is looked at again after this long. */
const lookAgainMs = 100;

/**
 * So many more than are to be kept are let go at once. One at a time costs twice as much, for the processor fetches the memory of
 * several together; the tens of thousands that a busy router has too many of after a second stop it for 30 ms.
 */
const forgottenTogether = 1_024;

/** A replica without a stream that was not heard of for this long is lost. Agents announce every 1.1 s. */
export const lostAfterMs = 5_000;

/**
 * A router's mind: which executions there are, who waits for a slot, which replicas have one. `step` takes what
 * happened and says what to do about it; it touches nothing else. The single owner of this state.
 */
export class RouterMachine {
  readonly #executions = new Map<string, Execution>();
  readonly #byIdempotencyKey = new Map<string, Execution>();
  readonly #ended: EndedExecutions;
  readonly #pools = new Map<string, Pool>();
  readonly #replicas = new Map<string, Replica>();
  readonly #environments = new Map<string, EnvironmentFacts>();
  readonly #recovery = new Recovery();
  /** Those that have not ended and called each other. */
  readonly #family = new Family();
  /** Those that time alone changes. */
  readonly #due = new DueTimes<Execution>();
  #journalIsOwn = true;
  #listensSince: number | undefined;
  #effects: RouterEffect[] = [];

  constructor(retention: RetentionBounds) {
    this.#ended = new EndedExecutions(retention);
  }

  /** The execution with this id, while it is alive or kept. None has an empty one, which most have for their parent. */
  execution(id: string): Execution | undefined {
    return id === "" ? undefined : this.#executions.get(id);
  }

  /** The execution that was admitted under this key, while it is kept. */
  executionByKey(idempotencyKey: string): Execution | undefined {
    return idempotencyKey === "" ? undefined : this.#byIdempotencyKey.get(idempotencyKey);
  }

  /** Whether a replica has an attempt of this execution, which is not known, and was asked what it is. */
  isAskedAbout(id: string): boolean {
    return this.#recovery.isAskedAbout(id);
  }

  /**
   * Whether executions that are not known may turn out to be on a replica: a router was taken over, and not every replica has said
   * what it has.
   */
  mayFindMore(now: number): boolean {
    return this.#recovery.mayFindMore(this.#replicas.values(), now, this.#listensSince ?? now);
  }

  /** All that are alive or kept. */
  executions(): Iterable<Execution> {
    return this.#executions.values();
  }

  /** The pools with a backlog or live attempts, or with replicas. */
  pools(): Iterable<Pool> {
    return this.#pools.values();
  }

  backlogOf(poolName: string): number {
    return this.#pools.get(poolName)?.backlog.size ?? 0;
  }

  /** When a `due` is to be sent. Infinity: time alone changes nothing. */
  get nextDueAt(): number {
    return this.#due.next;
  }

  step(event: RouterEvent, now: number): RouterEffect[] {
    this.#effects = [];
    this.#listensSince ??= now;
    this.#handle(event, now);
    return this.#effects;
  }

  #handle(event: RouterEvent, now: number): void {
    switch (event.kind) {
      case "admitted":
        return this.#admit(event.execution, event.policyOverride, now);
      case "adopted":
        return this.#adopt(event.executions, event.policyOverrides, now);
      case "journal":
        this.#journalIsOwn = event.isOwn;
        for (const pool of this.#pools.values()) this.#place(pool, now);
        return;
      case "cancelRequested":
        return this.#cancel(event.executionId, now);
      case "environmentChanged":
        return this.#changeEnvironment(event.name, event.environment, now);
      case "environmentDeleted":
        return this.#deleteEnvironment(event.name, now);
      case "announced":
        return this.#hear(event.announcement, now);
      case "attached":
        return this.#attach(event, now);
      case "slots":
        return this.#updateSlots(event.replica, event.slots, now);
      case "detached":
        return this.#detach(event.replicaId, now);
      case "refused":
        return this.#refuse(event.key, event.reason, now);
      case "attemptEnded":
        return this.#endAttempt(event.key, event.end, now);
      case "kept":
        return this.#keep(event.execution, event.as, now);
      case "due":
        return this.#passTime(now);
      case "tick":
        return this.#tick(now);
    }
  }

  // Executions

  #admit(execution: Execution, policyOverride: unknown, now: number): void {
    this.#remember(execution);
    const pool = this.#pool(execution.pool, execution.environment, policyOverride);
    const place = this.#recovery.claim(execution.id);
    const isThere = place !== undefined && (place.end !== undefined || place.replica.attached);
    const isWanted = !this.#isOrphan(execution) && execution.limits.deadline > now;
    // What has ended has ended, and may have been told.
    if (isThere && (isWanted || place.end !== undefined)) {
      this.#find(execution, place.replica, place.attempt, now);
      if (place.end === undefined) return;
      // But nothing follows it that nobody wants.
      execution.isCancelled = !isWanted;
      return this.#endAttempt({ executionId: execution.id, attempt: place.attempt }, place.end, now);
    }
    if (isThere) this.#cancelAttempt(execution.id, place.replica.id, place.attempt);
    this.#fallDue(execution, now);
    if (execution.state.kind === "ended") return;
    if (!isWanted) return this.#giveUp(execution, now);
    if (this.#placeAtOnce(execution, pool, now)) return;
    pool.backlog.push(execution);
    this.#place(pool, now);
    if (execution.state.kind === "queued") this.#explain(execution, pool, now);
  }

  /** Whether nobody wants its result: the execution that asked for it is over or about to be, without success. */
  #isOrphan({ parentId }: Execution): boolean {
    const parent = this.execution(parentId);
    if (parent?.state.kind !== "ended") return parent?.isCancelled === true;
    return parent.state.end.outcome !== "succeeded";
  }

  #remember(execution: Execution): void {
    this.#executions.set(execution.id, execution);
    if (execution.state.kind !== "ended") this.#family.add(execution);
    if (execution.idempotencyKey !== "") this.#byIdempotencyKey.set(execution.idempotencyKey, execution);
  }

  #explain(execution: Execution, pool: Pool, now: number): void {
    // Known for the pool's own replicas; the bound of another policy is not this router's to read.
    const { maxReplicas } = this.#environments.get(pool.environment) ?? {};
    const bound = pool.policyOverride === undefined ? maxReplicas : undefined;
    pool.waitReason ??= explainWait(pool.replicas, pool.usable, bound);
    const { waitReason } = pool;
    // Thousands may begin to wait in the same moment for the same reason: it is kept once.
    if (pool.lastWait.since !== now || pool.lastWait.waitReason !== waitReason) {
      pool.lastWait = { kind: "queued", since: now, waitReason };
    }
    execution.state = pool.lastWait;
    this.#effects.push({ kind: "waiting", execution });
  }

  #cancel(executionId: string, now: number): void {
    const execution = this.#executions.get(executionId);
    if (execution === undefined) return;
    this.#giveUp(execution, now);
    this.#giveUpChildren(execution, now);
  }

  /** Nobody wants its result any more: it ends at once unless it runs. */
  #giveUp(execution: Execution, now: number): void {
    switch (execution.state.kind) {
      case "queued":
        // It may have ended otherwise, and that be told.
        if (this.#isUnsettled(execution.id, now)) {
          execution.isCancelled = true;
          return;
        }
        this.#leaveQueue(execution);
        return this.#end(execution, ended("cancelled", "CANCELLED", "It was cancelled before it had a slot."), now);
      case "running":
        execution.isCancelled = true;
        return this.#cancelAttempt(execution.id, execution.state.attempt.replicaId, execution.state.attempt.number);
      case "ended":
        return;
    }
  }

  /**
   * What an execution called, directly or not, is given up. What has the same deadline ends by that; whatever else is due of
   * what nobody wants is not begun.
   */
  #giveUpChildren(parent: Execution, now: number, counts?: (child: Execution) => boolean): void {
    for (const child of this.#family.descendants(parent.id, counts)) {
      if (child.limits.deadline <= now) this.#fallDue(child, now);
      if (!child.isCancelled) this.#giveUp(child, now);
    }
  }

  /** Whatever follows, the attempt's agent is to stop it. When that has happened is for its slots to say. */
  #cancelAttempt(executionId: string, replicaId: string, attempt: number): void {
    this.#effects.push({ kind: "cancelAttempt", replicaId, key: { executionId, attempt } });
  }

  #leaveQueue(execution: Execution): void {
    const pool = this.#pools.get(execution.pool);
    if (this.#recovery.drop(execution.id) || pool?.resting.delete(execution) === true) return;
    pool?.backlog.remove(execution);
  }

  // Time

  #passTime(now: number): void {
    for (let execution = this.#due.take(now); execution !== undefined; execution = this.#due.take(now)) {
      this.#fallDue(execution, now);
    }
  }

  /** Carries out what time has brought the execution to, if anything, and keeps in mind when it is to be looked at next. */
  #fallDue(execution: Execution, now: number): void {
    if (execution.limits === noLimits) return;
    const due = whatIsDue(execution, now);
    if (due !== undefined && this.#isUnsettled(execution.id, now)) return this.#due.set(execution, now + lookAgainMs);
    if (due?.kind === "resume") this.#resume(execution, due.waitReason, now);
    if (due?.kind === "timedOut") this.#timeOut(execution, ended("timed_out", due.reason, due.message), now);
    this.#watchTime(execution);
  }

  /** Whether it was taken over, and replicas have not said yet what they have of it: until then its time and wishes wait. */
  #isUnsettled(executionId: string, now: number): boolean {
    return this.#recovery.isUnsettled(executionId) && this.mayFindMore(now);
  }

  #watchTime(execution: Execution): void {
    if (execution.limits !== noLimits) this.#due.set(execution, dueAt(execution));
  }

  #timeOut(execution: Execution, end: AttemptEnd, now: number): void {
    if (execution.state.kind !== "running") {
      this.#leaveQueue(execution);
      return this.#end(execution, end, now);
    }
    const { attempt } = execution.state;
    this.#cancelAttempt(execution.id, attempt.replicaId, attempt.number);
    this.#endAttempt({ executionId: execution.id, attempt: attempt.number }, end, now);
  }

  #rest(execution: Execution, delayMs: number, [resting, waiting]: readonly [string, string], now: number): void {
    if (this.#isUnsettled(execution.id, now)) return this.#holdAgain(execution, waiting, now);
    if (delayMs === 0) return this.#resume(execution, waiting, now);
    this.#pool(execution.pool, execution.environment, undefined).resting.add(execution);
    execution.state = {
      kind: "queued",
      since: now,
      waitReason: resting,
      next: { at: now + delayMs, waitReason: waiting },
    };
    this.#effects.push({ kind: "waiting", execution });
    this.#watchTime(execution);
  }

  /** It may have its next attempt. Its own failure puts it behind others, not before them. */
  #resume(execution: Execution, waitReason: string, now: number): void {
    const pool = this.#pool(execution.pool, execution.environment, undefined);
    pool.resting.delete(execution);
    execution.state = { kind: "queued", since: now, waitReason };
    if (!this.#environments.has(execution.environment)) return this.#endDeleted(execution, now);
    this.#fallDue(execution, now);
    if (hasEnded(execution)) return;
    pool.backlog.push(execution);
    this.#effects.push({ kind: "waiting", execution });
    this.#watchTime(execution);
    this.#place(pool, now);
  }

  // Ends

  #endAttempt(key: AttemptKey, reported: AttemptEnd, now: number): void {
    const known = this.#executions.get(key.executionId);
    if (known === undefined) return this.#recovery.keepEnd(key, reported);
    const execution = runningAs(known, key.attempt);
    // Not running here under this number: a second report, or one of an attempt that was given up. The first counted.
    if (execution === undefined) return;
    const attempt = execution.state.attempt;
    const { isCancelled, limits } = execution;
    const isLostWhileCancelled = isCancelled && reported.outcome === "lost";
    const end = isLostWhileCancelled ? ended("cancelled", "CANCELLED", "It was cancelled, and then lost.") : reported;
    attempt.end = end;
    this.#leaveSlot(execution);
    if (end.outcome === "succeeded") return this.#end(execution, end, now);
    const { isolateOutOfMemory = false } = this.#environments.get(execution.environment) ?? {};
    const alone = execution.pool === freshPoolOf(execution.environment);
    const earlier = execution.attempts.slice(0, -1);
    const { retry } = limits;
    const next = decideAfterAttempt({ end, earlier, isolateOutOfMemory, alone, isCancelled, retry });
    if (next.kind === "end") return this.#end(execution, end, now);
    this.#effects.push({ kind: "attemptEnded", execution, attempt, end });
    // The next attempt makes its own calls; one with an idempotency key finds what was begun.
    this.#giveUpChildren(execution, now, ({ idempotencyKey }) => idempotencyKey === "");
    if (next.kind === "backOff") return this.#rest(execution, next.delayMs, next.waitReason, now);
    if (next.alone) execution.pool = freshPoolOf(execution.environment);
    this.#requeue(execution, next.waitReason, now);
  }

  #end(execution: Execution, end: AttemptEnd, now: number): void {
    execution.state = { kind: "ended", at: now, end };
    this.#family.remove(execution);
    this.#recovery.settle(execution.id);
    this.#watchTime(execution);
    this.#effects.push({ kind: "ended", execution, end });
    if (end.outcome !== "succeeded") this.#giveUpChildren(execution, now);
  }

  /** An ended execution is `as` from now on, until it is forgotten. */
  #keep(execution: Execution, as: Execution, now: number): void {
    const { id, state, idempotencyKey } = execution;
    if (state.kind !== "ended") return;
    this.#executions.set(id, as);
    if (idempotencyKey !== "") this.#byIdempotencyKey.set(idempotencyKey, as);
    this.#ended.add(as, state.at, payloadBytesOf(execution));
    if (this.#ended.excess >= forgottenTogether) this.#forget(this.#ended.expire(now));
  }

  #forget(expired: readonly Execution[]): void {
    for (const execution of expired) {
      this.#executions.delete(execution.id);
      if (execution.idempotencyKey !== "") this.#byIdempotencyKey.delete(execution.idempotencyKey);
      this.#effects.push({ kind: "forgotten", execution });
    }
  }

  #endDeleted(execution: Execution, now: number): void {
    const message = `Environment "${execution.environment}" was deleted.`;
    this.#end(execution, ended("failed", "ENVIRONMENT_DELETED", message), now);
  }

  #requeue(execution: Execution, waitReason: string, now: number): void {
    if (this.#isUnsettled(execution.id, now)) return this.#holdAgain(execution, waitReason, now);
    const pool = this.#pool(execution.pool, execution.environment, undefined);
    execution.state = { kind: "queued", since: now, waitReason };
    if (!this.#environments.has(execution.environment)) return this.#endDeleted(execution, now);
    this.#fallDue(execution, now);
    if (hasEnded(execution)) return;
    pool.backlog.giveBack(execution);
    this.#effects.push({ kind: "waiting", execution });
    this.#watchTime(execution);
    this.#place(pool, now);
  }

  /** A replica may have the next attempt already, which its router had sent out before it died. */
  #holdAgain(execution: Execution, waitReason: string, now: number): void {
    execution.state = { kind: "queued", since: now, waitReason };
    this.#recovery.hold(execution, now);
  }

  /** The execution of this key, if that attempt is the live one. */
  #running(key: AttemptKey): RunningExecution | undefined {
    const execution = this.#executions.get(key.executionId);
    return execution && runningAs(execution, key.attempt);
  }

  // What another router had

  /** Takes over executions. Every replica is asked anew what it has, and what seems to wait is held until they have answered. */
  #adopt(executions: readonly Execution[], policyOverrides: ReadonlyMap<string, unknown>, now: number): void {
    this.#recovery.tookOver(now);
    for (const replica of this.#replicas.values()) {
      if (replica.attached) this.#cutOff(replica, now);
      if (replica.address !== "") this.#effects.push({ kind: "reattach", replica });
    }
    for (const execution of executions) {
      if (this.#executions.has(execution.id)) continue;
      this.#remember(execution);
      const pool = this.#pool(execution.pool, execution.environment, policyOverrides.get(execution.pool));
      if (execution.state.kind !== "ended") this.#recovery.unsettle(execution.id);
      this.#watchTime(execution);
      switch (execution.state.kind) {
        case "queued":
          execution.state = { ...execution.state, waitReason: "its router is gone, and replicas are asked for it" };
          this.#recovery.hold(execution, now);
          break;
        case "running":
          this.#take(execution, this.#replicaOf(execution, execution.state.attempt, now), pool);
          break;
        case "ended":
          this.#keep(execution, execution, now);
      }
    }
  }

  #take(execution: Execution, replica: Replica, pool: Pool): void {
    pool.busy += 1;
    replica.running.put(execution);
  }

  /** The replica of an attempt. One that was not heard of has as long to be as one that was cut off. */
  #replicaOf({ pool, environment }: Execution, { replicaId, version }: Attempt, now: number): Replica {
    const known = this.#replicas.get(replicaId);
    if (known !== undefined) return known;
    return this.#newReplica({ replicaId, pool, environment, version, address: "", state: "starting" }, now);
  }

  /**
   * Whether the attempt that a replica has is the live one, though not the one that is known: a later one, or the same elsewhere,
   * where it went when it was refused.
   */
  #isLiveElsewhere({ state, attempts }: Execution, replica: Replica, number: number): boolean {
    if (state.kind === "ended") return false;
    if (number > lastNumber(attempts)) return true;
    return state.kind === "running" && state.attempt.number === number && state.attempt.replicaId !== replica.id;
  }

  /** A replica has an attempt of the execution that is the live one. */
  #find(execution: Execution, replica: Replica, number: number, now: number): void {
    const { state } = execution;
    const pool = this.#pool(execution.pool, execution.environment, undefined);
    if (state.kind === "running") {
      if (state.attempt.number === number) execution.attempts = execution.attempts.slice(0, -1);
      else state.attempt.end = ended("lost", "REPLICA_LOST", "Another attempt followed it.");
      this.#leaveSlot(execution);
    } else this.#leaveQueue(execution);
    const { id: replicaId, version } = replica;
    const attempt: Attempt = {
      ...{ number, replicaId, version, cold: false, waitReason: "", waitedMs: 0, dispatchedAt: now, end: undefined },
    };
    addAttempt(execution, attempt);
    execution.state = { kind: "running", attempt };
    this.#take(execution, replica, pool);
    this.#watchTime(execution);
    this.#effects.push({ kind: "found", execution, attempt });
    if (execution.isCancelled) this.#cancelAttempt(execution.id, replicaId, number);
  }

  #releaseHeld(now: number): void {
    if (!this.mayFindMore(now)) {
      for (const key of this.#recovery.settleAll()) {
        if (this.#running(key)?.state.attempt.replicaId !== key.replicaId) continue;
        this.#endAttempt(key, ended("lost", "REPLICA_LOST", "The dispatch did not reach its replica."), now);
      }
    }
    const replicasOf = (pool: string): Iterable<Replica> => this.#pools.get(pool)?.replicas ?? [];
    for (const execution of this.#recovery.release(replicasOf, now, this.#listensSince ?? now)) {
      // With one of those before it.
      if (hasEnded(execution)) continue;
      this.#recovery.settle(execution.id);
      execution.state = { kind: "queued", since: now, waitReason: "its router is gone" };
      this.#fallDue(execution, now);
      if (hasEnded(execution)) continue;
      if (execution.isCancelled) {
        this.#giveUp(execution, now);
        continue;
      }
      const pool = this.#pool(execution.pool, execution.environment, undefined);
      // Runs go on taking turns: what was taken over is not ahead of what was here, unless it had a slot before.
      if (execution.attempts.length > 0) pool.backlog.giveBack(execution);
      else pool.backlog.push(execution);
      this.#effects.push({ kind: "waiting", execution });
      this.#place(pool, now);
    }
  }

  // Placement

  /** Claims free slots for the backlog until one of them is used up. */
  #place(pool: Pool, now: number): void {
    while (this.#journalIsOwn && !pool.free.isEmpty) {
      const execution = pool.backlog.take();
      if (execution === undefined) return;
      const replica = chooseSlot(pool, execution);
      if (replica === undefined) return pool.backlog.giveBack(execution);
      this.#dispatch(execution, replica, pool, now);
    }
  }

  /** Claims a free slot for one that came when nobody waits. */
  #placeAtOnce(execution: Execution, pool: Pool, now: number): boolean {
    if (!this.#journalIsOwn || pool.backlog.size > 0) return false;
    const replica = chooseSlot(pool, execution);
    if (replica !== undefined) this.#dispatch(execution, replica, pool, now);
    return replica !== undefined;
  }

  #dispatch(execution: Execution, replica: Replica, pool: Pool, now: number): void {
    const queued = execution.state.kind === "queued" ? execution.state : { waitReason: "", since: now };
    const attempt: Attempt = {
      number: lastNumber(execution.attempts) + 1,
      replicaId: replica.id,
      version: replica.version,
      cold: replica.readySince > execution.acceptedAt,
      waitReason: queued.waitReason,
      waitedMs: now - queued.since,
      dispatchedAt: now,
      end: undefined,
    };
    addAttempt(execution, attempt);
    execution.state = { kind: "running", attempt };
    pool.busy += 1;
    replica.running.put(execution);
    replica.sent += 1;
    pool.free.update(replica);
    this.#watchTime(execution);
    this.#effects.push({ kind: "dispatch", replica, execution, attempt });
  }

  #refuse(key: AttemptKey, reason: string, now: number): void {
    const execution = this.#running(key);
    if (execution === undefined) return;
    // Its replica knows of a later attempt than this router: under a number of its own it will be taken.
    if (reason === "STALE_ATTEMPT") {
      return this.#endAttempt(key, ended("lost", "REPLICA_LOST", "Its replica had an attempt of that number."), now);
    }
    // A refused claim is no attempt: it never had the slot.
    const refused = execution.state.attempt;
    execution.attempts = execution.attempts.slice(0, -1);
    const replica = this.#replicas.get(refused.replicaId);
    // Until the agent's next word there is nothing to be had there, or the same claim would go back and forth.
    if (replica !== undefined) {
      replica.reportedFree = 0;
      this.#poolOf(replica).free.update(replica);
    }
    this.#leaveSlot(execution);
    if (execution.isCancelled) {
      return this.#end(execution, ended("cancelled", "CANCELLED", "It was cancelled before it had a slot."), now);
    }
    this.#requeue(execution, `replica ${refused.replicaId} refused the claim: ${reason}`, now);
  }

  /** Its attempt has no slot any more, or never had. When the agent has one for another is for the agent to say. */
  #leaveSlot(execution: Execution): void {
    const pool = this.#pool(execution.pool, execution.environment, undefined);
    pool.busy -= 1;
    execution.line?.delete(execution);
  }

  /** Whether executions may be sent to the replica may have changed. */
  #usabilityMoved(replica: Replica, pool: Pool): void {
    const version = this.#environments.get(pool.environment)?.version;
    const usable = replica.attached && replica.state === "ready" && replica.version === version;
    if (usable) {
      pool.usable.add(replica);
      pool.free.add(replica);
    } else {
      pool.usable.delete(replica);
      pool.free.remove(replica);
    }
    pool.waitReason = undefined;
  }

  #poolOf(replica: Replica): Pool {
    return this.#pool(replica.pool, replica.environment, undefined);
  }

  // Replicas

  #hear(announcement: Announcement, now: number): void {
    const known = this.#replicas.get(announcement.replicaId);
    if (known === undefined && announcement.state === "ended") return;
    if (known !== undefined) {
      // What it sent before its end may still be on the stream, which closes after that.
      if (announcement.state === "ended" && !known.attached) return this.#lose(known, "it ended", now);
      if (known.state === "ended") return;
      known.lastHeardAt = now;
      if (known.address === "") this.#meet(known, announcement);
      if (known.state === announcement.state) return;
      known.state = announcement.state;
      if (known.state === "ready") known.readySince = Math.min(known.readySince, now);
      this.#usabilityMoved(known, this.#poolOf(known));
      return this.#placeIn(known, now);
    }
    this.#effects.push({ kind: "attach", replica: this.#newReplica(announcement, now) });
  }

  /** A replica that was only said to be there is heard of. */
  #meet(replica: Replica, { address, version }: Announcement): void {
    replica.address = address;
    replica.version = version;
    this.#effects.push({ kind: "attach", replica });
  }

  #newReplica(announcement: Announcement, now: number): Replica {
    const { replicaId: id, pool: poolName, environment, version, address, state } = announcement;
    const replica: Replica = {
      ...{ id, idHash: hashText(id), pool: poolName, environment, version, address, state },
      ...{ readySince: state === "ready" ? now : Infinity, lastHeardAt: now, attached: false, running: new Line() },
      ...{ total: 0, reportedFree: 0, seen: 0, sent: 0, link: undefined },
    };
    this.#replicas.set(id, replica);
    const pool = this.#poolOf(replica);
    pool.replicas.add(replica);
    pool.waitReason = undefined;
    return replica;
  }

  #attach({ replicaId, live, adopted, slots }: Extract<RouterEvent, { kind: "attached" }>, now: number): void {
    const replica = this.#replicas.get(replicaId);
    if (replica === undefined) return;
    replica.attached = true;
    replica.sent = slots.seen;
    this.#takeSlots(replica, slots, now);
    this.#usabilityMoved(replica, this.#poolOf(replica));
    this.#recovery.heard(now);
    const adoptedIds = new Set(adopted.map(({ executionId }) => executionId));
    // What was dispatched and is not there never arrived, or its runner died unseen: give it a new attempt.
    for (const { executionId, attempt } of live) {
      const execution = this.#executions.get(executionId);
      if (execution === undefined) {
        // Otherwise it is one that ended here and was forgotten.
        const isAsked = adoptedIds.has(executionId);
        this.#recovery.keep(executionId, { replica, attempt, isAsked });
        if (isAsked) this.#effects.push({ kind: "askAbout", replicaId, key: { executionId, attempt } });
      } else if (this.#isLiveElsewhere(execution, replica, attempt)) this.#find(execution, replica, attempt, now);
      else if (execution.isCancelled || this.#running({ executionId, attempt }) === undefined)
        this.#cancelAttempt(executionId, replicaId, attempt);
    }
    const arrived = new Set(live.map((key) => `${key.executionId} ${key.attempt}`));
    for (const key of this.#attemptsOn(replica)) {
      if (arrived.has(`${key.executionId} ${key.attempt}`)) continue;
      if (this.#isUnsettled(key.executionId, now)) {
        this.#recovery.miss(key, replicaId);
        continue;
      }
      this.#endAttempt(key, ended("lost", "REPLICA_LOST", "The dispatch did not reach its replica."), now);
    }
    this.#releaseHeld(now);
    this.#placeIn(replica, now);
  }

  #updateSlots(replica: Replica, slots: SlotsReport, now: number): void {
    // On its next stream it says first what it has.
    if (!replica.attached) return;
    this.#takeSlots(replica, slots, now);
    this.#placeIn(replica, now);
  }

  #takeSlots(replica: Replica, slots: SlotsReport, now: number): void {
    const pool = this.#poolOf(replica);
    if (replica.total !== slots.total) pool.waitReason = undefined;
    replica.total = slots.total;
    replica.reportedFree = slots.free;
    // It has not seen what was not sent.
    replica.seen = Math.min(slots.seen, replica.sent);
    replica.lastHeardAt = now;
    pool.free.update(replica);
  }

  #placeIn(replica: Replica, now: number): void {
    this.#place(this.#poolOf(replica), now);
  }

  #detach(replicaId: string, now: number): void {
    const replica = this.#replicas.get(replicaId);
    // A stream that never came about changes nothing: trying again is no sign of life.
    if (replica?.attached !== true) return;
    if (replica.state === "ended") return this.#lose(replica, "it ended", now);
    this.#cutOff(replica, now);
  }

  #cutOff(replica: Replica, now: number): void {
    replica.attached = false;
    // Being cut off starts the wait for its return; it may have been silent on NATS before.
    replica.lastHeardAt = now;
    this.#usabilityMoved(replica, this.#poolOf(replica));
  }

  #tick(now: number): void {
    for (const replica of this.#replicas.values()) {
      const mayLive = replica.attached && replica.state !== "ended";
      if (mayLive || replica.lastHeardAt + lostAfterMs > now) continue;
      this.#lose(replica, `it was not heard of for ${(now - replica.lastHeardAt) / 1_000} s`, now);
    }
    this.#forget(this.#ended.expire(now));
    this.#releaseHeld(now);
    for (const pool of this.#pools.values()) {
      if (pool.backlog.size === 0 && pool.busy === 0 && pool.replicas.size === 0 && pool.resting.size === 0)
        this.#pools.delete(pool.name);
    }
  }

  #lose(replica: Replica, how: string, now: number): void {
    const attempts = this.#attemptsOn(replica);
    this.#replicas.delete(replica.id);
    this.#recovery.lose(replica);
    const pool = this.#poolOf(replica);
    replica.attached = false;
    this.#usabilityMoved(replica, pool);
    pool.replicas.delete(replica);
    this.#effects.push({ kind: "forget", replica });
    const message = `Replica ${replica.id} is lost: ${how}.`;
    for (const key of attempts) this.#endAttempt(key, ended("lost", "REPLICA_LOST", message), now);
  }

  #attemptsOn(replica: Replica): AttemptKey[] {
    return [...replica.running].flatMap(({ id, state }) =>
      state.kind === "running" ? [{ executionId: id, attempt: state.attempt.number }] : [],
    );
  }

  // Environments and pools

  #changeEnvironment(name: string, environment: EnvironmentFacts, now: number): void {
    this.#environments.set(name, environment);
    const fresh = this.#pools.get(freshPoolOf(name));
    if (fresh !== undefined) fresh.policyOverride = environment.freshReplicaPolicy;
    for (const pool of this.#pools.values()) {
      if (pool.environment !== name) continue;
      for (const replica of pool.replicas) this.#usabilityMoved(replica, pool);
      this.#place(pool, now);
    }
  }

  #deleteEnvironment(name: string, now: number): void {
    this.#environments.delete(name);
    for (const pool of this.#pools.values()) {
      if (pool.environment !== name) continue;
      for (const replica of pool.replicas) this.#usabilityMoved(replica, pool);
      for (let execution = pool.backlog.take(); execution !== undefined; execution = pool.backlog.take()) {
        this.#endDeleted(execution, now);
      }
      for (const execution of pool.resting) this.#endDeleted(execution, now);
      pool.resting.clear();
    }
  }

  #pool(name: string, environment: string, policyOverride: unknown): Pool {
    const isFresh = name === freshPoolOf(environment);
    const own = isFresh ? this.#environments.get(environment)?.freshReplicaPolicy : policyOverride;
    let pool = this.#pools.get(name);
    if (pool === undefined) {
      pool = newPool(name, environment, own);
      this.#pools.set(name, pool);
    }
    pool.policyOverride ??= own;
    return pool;
  }
}

/** The number of the last attempt, 0 without one. A router that found one does not know those before it. */
function lastNumber(attempts: readonly Attempt[]): number {
  return attempts.at(-1)?.number ?? 0;
}

function hasEnded({ state }: Execution): boolean {
  return state.kind === "ended";
}

type RunningExecution = Execution & { state: { kind: "running" } };

/** The execution, if the attempt of that number is its live one. */
function runningAs(execution: Execution, attempt: number): RunningExecution | undefined {
  const isLive = execution.state.kind === "running" && execution.state.attempt.number === attempt;
  return isLive ? (execution as RunningExecution) : undefined;
}

/** An end that the router itself decided. */
function ended(outcome: AttemptEnd["outcome"], reason: string, message: string): AttemptEnd {
  return { outcome, reason, message, resultBytes: 0, neighbours: 0 };
}
