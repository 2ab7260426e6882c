import type { Policy } from "@hearth/policy";
import { decideScale, type ScaleDecision, type StartOrder } from "./decide-scale.ts";
import { DemandBoard, type RouterReport } from "./demand-board.ts";
import type { Environment } from "./environment.ts";
import { findOverdue, graceMsFor, type ReplicaLimits } from "./find-overdue.ts";
import { environmentOf } from "./pool-key.ts";
import { isForgettable, newPool, policyOf, snapshotOf, viewOf, type PoolState } from "./pool-state.ts";
import type { PoolView } from "./pool-view.ts";
import { stepReplica, type EndCause, type Replica, type ReplicaEvent, type StartCause } from "./replica.ts";

/** Which replica an announcement is about. */
export interface ReplicaIdentity {
  readonly replicaId: string;
  readonly environment: string;
  readonly pool: string;
  readonly version: string;
}

/** What happens to the control plane, as far as its pools are concerned. */
export type PoolsEvent =
  | { readonly kind: "environmentChanged"; readonly environment: Environment }
  | { readonly kind: "environmentDeleted"; readonly name: string }
  | { readonly kind: "warmUpAsked"; readonly environment: string; readonly replicas: number }
  | { readonly kind: "demandHeard"; readonly report: RouterReport }
  /** An agent announced itself. One that was not known is taken in: it was started by an earlier control plane. */
  | { readonly kind: "replicaHeard"; readonly identity: ReplicaIdentity; readonly event: ReplicaEvent }
  /** A replica of an earlier control plane, as it was stored. `present`: whether the provider still has it. */
  | {
      readonly kind: "replicaFound";
      readonly replica: Replica;
      readonly policyOverride: Policy | undefined;
      readonly present: boolean;
    }
  /** The provider made its container. */
  | { readonly kind: "replicaStarted"; readonly replicaId: string }
  | { readonly kind: "startFailed"; readonly replicaId: string; readonly message: string }
  /** Its container ended. `how`: with what, and its last lines. */
  | { readonly kind: "replicaExited"; readonly replicaId: string; readonly how: string }
  /** Its agent did not take its drain order. */
  | { readonly kind: "drainFailed"; readonly replicaId: string }
  /** The provider stopped it, as it was asked. */
  | { readonly kind: "replicaStopped"; readonly replicaId: string }
  /** While nobody can be heard, silence means nothing. */
  | { readonly kind: "hearing"; readonly can: boolean }
  /** Time to look for those who have been silent for too long. */
  | { readonly kind: "look" }
  /** Everything that happened at once has been taken in: time to decide over the pools it concerns. */
  | { readonly kind: "decide" };

export type PoolsEffect =
  | { readonly kind: "start"; readonly replica: Replica; readonly environment: Environment; readonly policy: Policy }
  | {
      readonly kind: "drain";
      readonly replicaId: string;
      readonly address: string;
      readonly reason: string;
      /** How long its attempts may go on. */
      readonly graceMs: number;
    }
  | { readonly kind: "stop"; readonly replicaId: string; readonly reason: string }
  /** Its state is another one, to be stored and told. */
  | { readonly kind: "replicaChanged"; readonly replica: Replica; readonly policyOverride: Policy | undefined }
  | { readonly kind: "decided"; readonly pool: string; readonly decision: ScaleDecision }
  /** Something that watchers of the environment see is different. */
  | { readonly kind: "poolsChanged"; readonly environment: string };

/**
 * What the control plane knows of replicas and demand, and what it does about them. `step` takes what happened; pools that
 * this concerns are decided over with the next `decide`, so that what happens at once is decided over once.
 */
export class PoolsMachine {
  readonly #limits: ReplicaLimits;
  readonly #newReplicaId: (environment: string, now: number) => string;
  readonly #board = new DemandBoard();
  readonly #environments = new Map<string, Environment>();
  readonly #pools = new Map<string, PoolState>();
  readonly #poolOfReplica = new Map<string, PoolState>();
  /** Replicas the provider was asked to stop, and why. */
  readonly #stopping = new Map<string, { readonly cause: EndCause; readonly reason: string }>();
  /** When replicas ended, a short while ago; the earliest first. */
  readonly #endedAt = new Map<string, number>();
  /** When draining replicas were last given their order by this control plane. */
  readonly #drainOrderedAtMs = new Map<string, number>();
  readonly #undecided = new Set<PoolState>();
  #deaf = false;
  #effects: PoolsEffect[] = [];

  constructor(options: {
    readonly limits: ReplicaLimits;
    /** Makes ids that are unique for all time. */
    readonly newReplicaId: (environment: string, now: number) => string;
  }) {
    this.#limits = options.limits;
    this.#newReplicaId = options.newReplicaId;
  }

  /** Whether a pool waits for a decision. */
  get isUndecided(): boolean {
    return this.#undecided.size > 0;
  }

  /** When to decide next even if nothing happens. Undefined: only when something does. */
  get nextDecisionAt(): number | undefined {
    let next = Infinity;
    for (const pool of this.#pools.values()) next = Math.min(next, pool.decision?.nextAt ?? Infinity);
    return Number.isFinite(next) ? next : undefined;
  }

  /** The addresses of live routers, the one heard of most recently first. */
  routers(): readonly string[] {
    return this.#board.addresses();
  }

  isKnown(replicaId: string): boolean {
    return this.#poolOfReplica.has(replicaId);
  }

  /** Whether a replica is wanted: it is known and nobody asked the provider to stop it. */
  isWanted(replicaId: string): boolean {
    return this.isKnown(replicaId) && !this.#stopping.has(replicaId);
  }

  /** The pools of an environment, the one all runs share first. */
  pools(environment: string): readonly PoolView[] {
    const shared = this.#pools.get(environment) ?? newPool(environment, environment);
    const variants = [...this.#pools.values()].filter(
      (pool) => pool.environment === environment && pool.name !== environment,
    );
    return [shared, ...variants].map(viewOf);
  }

  /** Every pool there is. */
  allPools(): readonly PoolView[] {
    return [...this.#pools.values()].map(viewOf);
  }

  step(event: PoolsEvent, now: number): PoolsEffect[] {
    this.#effects = [];
    this.#handle(event, now);
    return this.#effects;
  }

  #handle(event: PoolsEvent, now: number): void {
    switch (event.kind) {
      case "environmentChanged":
        this.#environments.set(event.environment.name, event.environment);
        return this.#environmentMoved(event.environment.name);
      case "environmentDeleted":
        this.#environments.delete(event.name);
        return this.#environmentMoved(event.name);
      case "warmUpAsked":
        return this.#warmUp(event.environment, event.replicas, now);
      case "demandHeard":
        if (this.#board.hear(event.report, now)) this.#takeDemand(now);
        return;
      case "replicaHeard":
        return this.#hear(event.identity, event.event, now);
      case "replicaFound":
        return this.#find(event, now);
      case "replicaStarted":
        return this.#happened(event.replicaId, { kind: "started" }, now);
      case "startFailed": {
        const reason = `it could not be started: ${event.message}`;
        return this.#happened(event.replicaId, { kind: "gone", cause: "START_FAILED", reason }, now);
      }
      case "replicaExited":
        return this.#exited(event.replicaId, event.how, now);
      case "drainFailed":
        return this.#stop(event.replicaId, "STOPPED", "it did not take its drain order");
      case "replicaStopped": {
        const why = this.#stopping.get(event.replicaId) ?? { cause: "STOPPED", reason: "it was stopped" };
        this.#stopping.delete(event.replicaId);
        return this.#happened(event.replicaId, { kind: "gone", ...why }, now);
      }
      case "hearing":
        return this.#setDeaf(!event.can, now);
      case "look":
        return this.#look(now);
      case "decide":
        return this.#decideAll(now);
    }
  }

  // Environments and demand

  #environmentMoved(name: string): void {
    this.#effects.push({ kind: "poolsChanged", environment: name });
    for (const pool of this.#pools.values()) if (pool.environment === name) this.#undecided.add(pool);
  }

  #warmUp(name: string, replicas: number, now: number): void {
    const pool = this.#poolOf(name, name);
    pool.warmUp = { replicas: Math.max(replicas, pool.warmUp?.replicas ?? 0), askedAtMs: now };
    this.#undecided.add(pool);
  }

  #takeDemand(now: number): void {
    const totals = this.#board.totals();
    for (const demand of totals.values()) {
      const environment = environmentOf(demand.pool);
      if (!this.#pools.has(demand.pool) && !this.#environments.has(environment)) continue;
      const pool = this.#poolOf(demand.pool, environment);
      pool.policyOverride = demand.policyOverride ?? pool.policyOverride;
      if (demand.backlog > 0) pool.lastBacklogAtMs = now;
    }
    for (const pool of this.#pools.values()) {
      const backlog = totals.get(pool.name)?.backlog ?? 0;
      if (backlog === pool.backlog) continue;
      if (pool.backlog > 0) pool.lastBacklogAtMs = now;
      pool.backlog = backlog;
      this.#undecided.add(pool);
    }
  }

  // Replicas

  #hear(identity: ReplicaIdentity, event: ReplicaEvent, now: number): void {
    const { replicaId } = identity;
    if (!this.isKnown(replicaId)) {
      if (event.kind === "gone" || this.#stopping.has(replicaId) || this.#endedAt.has(replicaId)) return;
      const pool = this.#poolOf(identity.pool, identity.environment);
      this.#keep(newReplica(identity, { slots: 0, cause: "ADOPTED", reason: foundReason }, now), pool);
    }
    this.#happened(replicaId, event, now);
    if (event.kind === "announcedReady") this.#orderAgain(replicaId, now);
  }

  /** One that should drain and announces that it is ready lost its order, perhaps with an earlier control plane. */
  #orderAgain(replicaId: string, now: number): void {
    const replica = this.#replica(replicaId);
    if (replica?.state !== "draining" || replica.announced === undefined) return;
    const orderedAtMs = this.#drainOrderedAtMs.get(replicaId) ?? -Infinity;
    if (orderedAtMs + orderAgainAfterMs <= now) this.#orderDrain(replica, replica.announced.address, now);
  }

  #orderDrain({ id: replicaId, endCause, endReason: reason }: Replica, address: string, now: number): void {
    this.#drainOrderedAtMs.set(replicaId, now);
    const graceMs = graceMsFor(endCause, this.#limits);
    this.#effects.push({ kind: "drain", replicaId, address, reason, graceMs });
  }

  #find({ replica, policyOverride, present }: Extract<PoolsEvent, { kind: "replicaFound" }>, now: number): void {
    const pool = this.#poolOf(replica.pool, replica.environment);
    pool.policyOverride ??= policyOverride;
    this.#keep({ ...replica, heardAtMs: now }, pool);
    const reason = "it ended while the control plane was away";
    this.#happened(replica.id, present ? { kind: "started" } : { kind: "gone", cause: "EXITED", reason }, now);
    this.#undecided.add(pool);
  }

  #exited(replicaId: string, how: string, now: number): void {
    const asked = this.#stopping.get(replicaId);
    const neverReady = this.#replica(replicaId)?.readyAtMs === undefined;
    const cause = asked?.cause ?? (neverReady ? "START_FAILED" : "EXITED");
    this.#happened(replicaId, { kind: "gone", cause, reason: asked?.reason ?? how }, now);
  }

  #happened(replicaId: string, event: ReplicaEvent, now: number): void {
    const pool = this.#poolOfReplica.get(replicaId);
    const before = pool?.replicas.get(replicaId);
    if (pool === undefined || before === undefined) return;
    const after = stepReplica(before, event, now);
    if (after === before) return;
    if (after.state === "ended") this.#forget(after, pool, now);
    else pool.replicas.set(replicaId, after);
    this.#undecided.add(pool);
    if (after.state !== before.state) this.#changed(before, after, event, pool, now);
    this.#effects.push({ kind: "poolsChanged", environment: pool.environment });
  }

  #changed(before: Replica, after: Replica, event: ReplicaEvent, pool: PoolState, now: number): void {
    this.#effects.push({ kind: "replicaChanged", replica: after, policyOverride: pool.policyOverride });
    if (after.state === "ready") pool.startFailures = undefined;
    const leaves = event.kind === "gone" || event.kind === "announcedDraining";
    if (!leaves || before.readyAtMs !== undefined || before.state === "draining") return;
    pool.startFailures = { count: (pool.startFailures?.count ?? 0) + 1, lastAtMs: now, message: event.reason };
  }

  #replica(replicaId: string): Replica | undefined {
    return this.#poolOfReplica.get(replicaId)?.replicas.get(replicaId);
  }

  #keep(replica: Replica, pool: PoolState): void {
    pool.replicas.set(replica.id, replica);
    this.#poolOfReplica.set(replica.id, pool);
  }

  #forget(replica: Replica, pool: PoolState, now: number): void {
    pool.replicas.delete(replica.id);
    pool.lastGoneAtMs = now;
    this.#poolOfReplica.delete(replica.id);
    this.#drainOrderedAtMs.delete(replica.id);
    this.#endedAt.set(replica.id, now);
  }

  #poolOf(name: string, environment: string): PoolState {
    const pool = this.#pools.get(name) ?? newPool(name, environment);
    this.#pools.set(name, pool);
    return pool;
  }

  // Silence

  #setDeaf(deaf: boolean, now: number): void {
    this.#deaf = deaf;
    this.#board.excuseSilence(now);
    for (const pool of this.#pools.values()) {
      for (const [id, replica] of pool.replicas) pool.replicas.set(id, { ...replica, heardAtMs: now });
    }
  }

  #look(now: number): void {
    for (const [id, endedAtMs] of this.#endedAt) {
      if (endedAtMs + endRememberedMs > now) break;
      this.#endedAt.delete(id);
    }
    if (this.#deaf) return;
    for (const pool of this.#pools.values()) {
      for (const replica of pool.replicas.values()) {
        const overdue = findOverdue(replica, now, this.#limits);
        if (overdue !== undefined) this.#stop(replica.id, overdue.cause, overdue.reason);
      }
    }
    if (this.#board.forgetSilent(now)) this.#takeDemand(now);
  }

  #stop(replicaId: string, cause: EndCause, reason: string): void {
    if (this.#stopping.has(replicaId)) return;
    this.#stopping.set(replicaId, { cause, reason });
    this.#effects.push({ kind: "stop", replicaId, reason });
  }

  // Decisions

  #decideAll(now: number): void {
    for (const pool of this.#pools.values()) {
      if (pool.decision?.nextAt !== undefined && pool.decision.nextAt <= now) this.#undecided.add(pool);
    }
    const pools = [...this.#undecided];
    this.#undecided.clear();
    for (const pool of pools) if (this.#pools.get(pool.name) === pool) this.#decide(pool, now);
    // What the decisions themselves changed is known to them.
    for (const pool of pools) this.#undecided.delete(pool);
  }

  #decide(pool: PoolState, now: number): void {
    const environment = this.#environments.get(pool.environment);
    const decision = decideScale(snapshotOf(pool, environment, now));
    const before = pool.decision;
    pool.decision = decision;
    if (decision.kind !== "hold") this.#effects.push({ kind: "decided", pool: pool.name, decision });
    if (decision.desired !== before?.desired || decision.reason !== before.reason) {
      this.#effects.push({ kind: "poolsChanged", environment: pool.environment });
    }
    if (environment !== undefined) for (const order of decision.start) this.#start(pool, environment, order, now);
    for (const { replicaId, cause, reason } of decision.drain) {
      if (cause === "SCALEDOWN_TTL") pool.lastScaledownAtMs = now;
      this.#drain(replicaId, cause, reason, now);
    }
    if (pool.warmUp !== undefined && isWarm(pool, environment, decision)) pool.warmUp = undefined;
    if (isForgettable(pool)) this.#pools.delete(pool.name);
  }

  #start(pool: PoolState, environment: Environment, order: StartOrder, now: number): void {
    const policy = policyOf(pool, environment);
    for (let count = 0; count < order.count; count++) {
      const replicaId = this.#newReplicaId(pool.environment, now);
      const identity = { replicaId, environment: pool.environment, pool: pool.name, version: environment.version.id };
      const replica = newReplica(identity, { ...order, slots: policy.concurrency }, now);
      this.#keep(replica, pool);
      this.#effects.push({ kind: "replicaChanged", replica, policyOverride: pool.policyOverride });
      this.#effects.push({ kind: "start", replica, environment, policy });
    }
  }

  #drain(replicaId: string, cause: EndCause, reason: string, now: number): void {
    const before = this.#replica(replicaId);
    this.#happened(replicaId, { kind: "drainAsked", cause, reason }, now);
    const after = this.#replica(replicaId);
    if (after === undefined || after === before) return;
    if (after.announced === undefined) this.#stop(replicaId, cause, reason);
    else this.#orderDrain(after, after.announced.address, now);
  }
}

/**
 * An announcement that was on its way when its replica ended comes within this; until then it is no replica found. One that
 * lives on all the same is found after it.
 */
const endRememberedMs = 10_000;

/** An order that an agent has not followed by then did not reach it. */
const orderAgainAfterMs = 2_000;

const foundReason = "it was there before the control plane";

/** All that a warm-up asked for is ready, or it is not wanted any more. */
function isWarm(pool: PoolState, environment: Environment | undefined, decision: ScaleDecision): boolean {
  if (decision.desired === 0) return true;
  let ready = 0;
  for (const replica of pool.replicas.values()) {
    if (replica.state === "ready" && replica.version === environment?.version.id) ready += 1;
  }
  return ready >= Math.min(pool.warmUp?.replicas ?? 0, policyOf(pool, environment).maxReplicas);
}

function newReplica(
  { replicaId, ...rest }: ReplicaIdentity,
  start: {
    readonly slots: number;
    readonly cause: StartCause;
    readonly reason: string;
    readonly replaces?: string;
  },
  now: number,
): Replica {
  return {
    ...rest,
    id: replicaId,
    state: "requested",
    startCause: start.cause,
    startReason: start.reason,
    endCause: undefined,
    endReason: "",
    replaces: start.replaces,
    createdAtMs: now,
    readyAtMs: undefined,
    drainingAtMs: undefined,
    endedAtMs: undefined,
    slots: start.slots,
    announced: undefined,
    heardAtMs: now,
  };
}
