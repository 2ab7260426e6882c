import { chooseSlot } from "./choose-slot.ts";
import { decideAfterAttempt } from "./decide-retry.ts";
import { EndedExecutions, type RetentionBounds } from "./ended-executions.ts";
import type { Announcement, AttemptKey, RouterEffect, RouterEvent, SlotsReport } from "./events.ts";
import type { Attempt, AttemptEnd, Execution } from "./execution.ts";
import { explainWait } from "./explain-wait.ts";
import { newPool, type Pool } from "./pool.ts";
import type { Replica } from "./replica.ts";

/** A replica without a stream that was not heard of for this long is lost. Agents announce every second. */
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
  /** The current version of each environment. */
  readonly #versions = new Map<string, string>();
  #uses = 0;
  #effects: RouterEffect[] = [];

  constructor(retention: RetentionBounds) {
    this.#ended = new EndedExecutions(retention);
  }

  /** The execution with this id, while it is alive or kept. */
  execution(id: string): Execution | undefined {
    return this.#executions.get(id);
  }

  /** The execution that was admitted under this key, while it is kept. */
  executionByKey(idempotencyKey: string): Execution | undefined {
    return this.#byIdempotencyKey.get(idempotencyKey);
  }

  /** The pools with a backlog or live attempts, or with replicas. */
  pools(): Iterable<Pool> {
    return this.#pools.values();
  }

  backlogOf(poolName: string): number {
    return this.#pools.get(poolName)?.backlog.size ?? 0;
  }

  step(event: RouterEvent, now: number): RouterEffect[] {
    this.#effects = [];
    this.#handle(event, now);
    return this.#effects;
  }

  #handle(event: RouterEvent, now: number): void {
    switch (event.kind) {
      case "admitted":
        return this.#admit(event.execution, event.policyOverride, now);
      case "cancelRequested":
        return this.#cancel(event.executionId, now);
      case "environmentChanged":
        this.#versions.set(event.name, event.version);
        return this.#placeAll(event.name, now);
      case "environmentDeleted":
        return this.#deleteEnvironment(event.name, now);
      case "announced":
        return this.#hear(event.announcement, now);
      case "attached":
        return this.#attach(event.replicaId, event.live, event.slots, now);
      case "slots":
        return this.#updateSlots(event.replicaId, event.slots, now);
      case "detached":
        return this.#detach(event.replicaId, now);
      case "refused":
        return this.#refuse(event.key, event.reason, now);
      case "attemptEnded":
        return this.#endAttempt(event.key, event.end, now);
      case "tick":
        return this.#tick(now);
    }
  }

  // Executions

  #admit(execution: Execution, policyOverride: unknown, now: number): void {
    this.#executions.set(execution.id, execution);
    if (execution.idempotencyKey !== "") this.#byIdempotencyKey.set(execution.idempotencyKey, execution);
    const pool = this.#pool(execution.pool, execution.environment, policyOverride);
    pool.backlog.push(execution);
    this.#place(pool, now);
    if (execution.state.kind === "queued") this.#explain(execution, pool, now);
  }

  #explain(execution: Execution, pool: Pool, now: number): void {
    const waitReason = explainWait(pool.replicas, this.#versions.get(pool.environment) ?? "");
    execution.state = { kind: "queued", since: now, waitReason };
    this.#effects.push({ kind: "waiting", execution });
  }

  #cancel(executionId: string, now: number): void {
    const execution = this.#executions.get(executionId);
    if (execution === undefined) return;
    switch (execution.state.kind) {
      case "queued":
        this.#pools.get(execution.pool)?.backlog.remove(execution);
        return this.#end(execution, ended("cancelled", "CANCELLED", "It was cancelled before it had a slot."), now);
      case "running": {
        const { replicaId, number } = execution.state.attempt;
        this.#effects.push({ kind: "cancelAttempt", replicaId, key: { executionId, attempt: number } });
        return;
      }
      case "ended":
        return;
    }
  }

  #endAttempt(key: AttemptKey, end: AttemptEnd, now: number): void {
    const execution = this.#running(key);
    // Not running here under this number: a second report, or one of an attempt that was given up. The first counted.
    if (execution === undefined) return;
    const attempt = execution.state.attempt;
    attempt.end = end;
    const pool = this.#pool(execution.pool, execution.environment, undefined);
    pool.busy -= 1;
    const lostBefore = execution.attempts.filter((other) => other !== attempt && other.end?.outcome === "lost").length;
    const next = decideAfterAttempt(end, lostBefore);
    if (next.kind === "end") return this.#end(execution, end, now);
    this.#effects.push({ kind: "attemptEnded", execution, attempt, end });
    this.#requeue(execution, pool, next.waitReason, now);
  }

  #end(execution: Execution, end: AttemptEnd, now: number): void {
    execution.state = { kind: "ended", at: now, end };
    this.#ended.add(execution, end.resultBytes, now);
    this.#effects.push({ kind: "ended", execution, end });
  }

  #requeue(execution: Execution, pool: Pool, waitReason: string, now: number): void {
    execution.state = { kind: "queued", since: now, waitReason };
    pool.backlog.giveBack(execution);
    this.#effects.push({ kind: "waiting", execution });
    this.#place(pool, now);
  }

  /** The execution of this key, if that attempt is the live one. */
  #running(key: AttemptKey): (Execution & { state: { kind: "running" } }) | undefined {
    const execution = this.#executions.get(key.executionId);
    if (execution?.state.kind !== "running" || execution.state.attempt.number !== key.attempt) return undefined;
    return execution as Execution & { state: { kind: "running" } };
  }

  // Placement

  #placeAll(environment: string, now: number): void {
    for (const pool of this.#pools.values()) {
      if (pool.environment === environment) this.#place(pool, now);
    }
  }

  /** Claims free slots for the backlog until one of them is used up. */
  #place(pool: Pool, now: number): void {
    const version = this.#versions.get(pool.environment) ?? "";
    while (pool.backlog.size > 0) {
      const replica = chooseSlot(pool.replicas, version);
      if (replica === undefined) return;
      const execution = pool.backlog.take();
      if (execution !== undefined) this.#dispatch(execution, replica, pool, now);
    }
  }

  #dispatch(execution: Execution, replica: Replica, pool: Pool, now: number): void {
    const queued = execution.state.kind === "queued" ? execution.state : { waitReason: "", since: now };
    const attempt: Attempt = {
      number: execution.attempts.length + 1,
      replicaId: replica.id,
      version: replica.version,
      cold: replica.knownSince > execution.acceptedAt,
      waitReason: queued.waitReason,
      waitedMs: now - queued.since,
      dispatchedAt: now,
      end: undefined,
    };
    execution.attempts.push(attempt);
    execution.state = { kind: "running", attempt };
    pool.busy += 1;
    replica.sent += 1;
    replica.lastUsed = ++this.#uses;
    this.#effects.push({ kind: "dispatch", replica, execution, attempt });
  }

  #refuse(key: AttemptKey, reason: string, now: number): void {
    const execution = this.#running(key);
    if (execution === undefined) return;
    // A refused claim is no attempt: it never had the slot.
    const refused = execution.attempts.pop();
    const pool = this.#pool(execution.pool, execution.environment, undefined);
    pool.busy -= 1;
    const replica = this.#replicas.get(refused?.replicaId ?? "");
    // Until the agent's next word there is nothing to be had there, or the same claim would go back and forth.
    if (replica !== undefined) replica.reportedFree = 0;
    this.#requeue(execution, pool, `replica ${refused?.replicaId ?? ""} refused the claim: ${reason}`, now);
  }

  // Replicas

  #hear(announcement: Announcement, now: number): void {
    const known = this.#replicas.get(announcement.replicaId);
    if (announcement.state === "ended") {
      if (known !== undefined) this.#lose(known, "it ended", now);
      return;
    }
    if (known !== undefined) {
      known.lastHeardAt = now;
      known.state = announcement.state;
      return;
    }
    const { replicaId: id, pool: poolName, environment, version, address, state } = announcement;
    const replica: Replica = {
      ...{ id, pool: poolName, environment, version, address, state },
      ...{ knownSince: now, lastHeardAt: now, attached: false },
      ...{ total: 0, reportedFree: 0, seen: 0, sent: 0, lastUsed: 0 },
    };
    this.#replicas.set(id, replica);
    this.#pool(poolName, environment, undefined).replicas.add(replica);
    this.#effects.push({ kind: "attach", replica });
  }

  #attach(replicaId: string, live: readonly AttemptKey[], slots: SlotsReport, now: number): void {
    const replica = this.#replicas.get(replicaId);
    if (replica === undefined) return;
    replica.attached = true;
    replica.sent = slots.seen;
    this.#takeSlots(replica, slots, now);
    // What was dispatched and is not there never arrived, or its runner died unseen: give it a new attempt.
    const arrived = new Set(live.map((key) => `${key.executionId} ${key.attempt}`));
    for (const key of this.#attemptsOn(replica)) {
      if (arrived.has(`${key.executionId} ${key.attempt}`)) continue;
      this.#endAttempt(key, ended("lost", "REPLICA_LOST", "The dispatch did not reach its replica."), now);
    }
    this.#placeIn(replica, now);
  }

  #updateSlots(replicaId: string, slots: SlotsReport, now: number): void {
    const replica = this.#replicas.get(replicaId);
    if (replica === undefined) return;
    this.#takeSlots(replica, slots, now);
    this.#placeIn(replica, now);
  }

  #takeSlots(replica: Replica, slots: SlotsReport, now: number): void {
    replica.total = slots.total;
    replica.reportedFree = slots.free;
    replica.seen = slots.seen;
    replica.lastHeardAt = now;
  }

  #placeIn(replica: Replica, now: number): void {
    const pool = this.#pools.get(replica.pool);
    if (pool !== undefined) this.#place(pool, now);
  }

  #detach(replicaId: string, now: number): void {
    const replica = this.#replicas.get(replicaId);
    if (replica === undefined) return;
    replica.attached = false;
    // Being cut off starts the wait for its return; it may have been silent on NATS before.
    replica.lastHeardAt = now;
  }

  #tick(now: number): void {
    for (const replica of this.#replicas.values()) {
      if (replica.attached || replica.lastHeardAt + lostAfterMs > now) continue;
      this.#lose(replica, `it was not heard of for ${(now - replica.lastHeardAt) / 1_000} s`, now);
    }
    for (const execution of this.#ended.expire(now)) {
      this.#executions.delete(execution.id);
      if (execution.idempotencyKey !== "") this.#byIdempotencyKey.delete(execution.idempotencyKey);
    }
    for (const pool of this.#pools.values()) {
      if (pool.backlog.size === 0 && pool.busy === 0 && pool.replicas.size === 0) this.#pools.delete(pool.name);
    }
  }

  #lose(replica: Replica, how: string, now: number): void {
    const attempts = this.#attemptsOn(replica);
    this.#replicas.delete(replica.id);
    this.#pools.get(replica.pool)?.replicas.delete(replica);
    this.#effects.push({ kind: "forget", replica });
    const message = `Replica ${replica.id} is lost: ${how}.`;
    for (const key of attempts) this.#endAttempt(key, ended("lost", "REPLICA_LOST", message), now);
  }

  #attemptsOn(replica: Replica): AttemptKey[] {
    const keys: AttemptKey[] = [];
    for (const { id, state } of this.#executions.values()) {
      if (state.kind === "running" && state.attempt.replicaId === replica.id) {
        keys.push({ executionId: id, attempt: state.attempt.number });
      }
    }
    return keys;
  }

  // Environments and pools

  #deleteEnvironment(name: string, now: number): void {
    this.#versions.delete(name);
    for (const pool of this.#pools.values()) {
      if (pool.environment !== name) continue;
      for (let execution = pool.backlog.take(); execution !== undefined; execution = pool.backlog.take()) {
        this.#end(execution, ended("failed", "ENVIRONMENT_DELETED", `Environment "${name}" was deleted.`), now);
      }
    }
  }

  #pool(name: string, environment: string, policyOverride: unknown): Pool {
    let pool = this.#pools.get(name);
    if (pool === undefined) {
      pool = newPool(name, environment, policyOverride);
      this.#pools.set(name, pool);
    }
    pool.policyOverride ??= policyOverride;
    return pool;
  }
}

/** An end that the router itself decided. */
function ended(outcome: AttemptEnd["outcome"], reason: string, message: string): AttemptEnd {
  return { outcome, reason, message, resultBytes: 0 };
}
