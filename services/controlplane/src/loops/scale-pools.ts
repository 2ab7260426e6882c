import type { Clock, Timer } from "@hearth/clock";
import type { Logger } from "@hearth/telemetry";
import { decideScale, type ScaleDecision } from "../core/decide-scale.ts";
import { DemandBoard, type RouterReport } from "../core/demand-board.ts";
import type { Environment } from "../core/environment.ts";
import { findOverdue, type ReplicaLimits } from "../core/find-overdue.ts";
import { environmentOf } from "../core/pool-key.ts";
import type { PoolView } from "../core/pool-view.ts";
import { stepReplica, type Replica, type ReplicaEvent } from "../core/replica.ts";
import type { ChangeFeed } from "../io/change-feed.ts";
import type { Peers } from "../io/peers.ts";
import type { ReplicaExit, ReplicaProvider } from "../io/replica-provider.ts";
import type { ReplicaStore } from "../io/replica-store.ts";
import { isForgettable, newPool, policyOf, snapshotOf, viewOf, type PoolState } from "./pool-state.ts";

/** How often silence and overdue starts and drains are looked for. Everything else is woken by what happens. */
const lookEveryMs = 250;

/** How long an agent may take to answer that it drains. */
const drainAnswerMs = 3_000;

/** How long a replica that is stopped, not drained, may take before it is ended by force. */
const stopGraceMs = 5_000;

/** Which replica an announcement is about. */
export interface ReplicaIdentity {
  readonly replicaId: string;
  readonly environment: string;
  readonly pool: string;
  readonly version: string;
}

export interface ScalePoolsOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly provider: ReplicaProvider;
  readonly peers: Peers;
  readonly store: ReplicaStore;
  /** Told under an environment's name when its pools change. */
  readonly feed: ChangeFeed;
  readonly limits: ReplicaLimits;
  readonly newReplicaId: (environment: string) => string;
}

/**
 * Keeps every pool as large as `decideScale` says. The one owner of what is known about replicas and demand: everything
 * that happens comes in through its methods, is taken in at once, and wakes the pools it concerns.
 */
export class ScalePools {
  readonly #options: ScalePoolsOptions;
  readonly #board = new DemandBoard();
  readonly #environments = new Map<string, Environment>();
  readonly #pools = new Map<string, PoolState>();
  readonly #replicas = new Map<string, Replica>();
  /** Replicas the provider was asked to stop, and why. */
  readonly #stopping = new Map<string, string>();
  readonly #awake = new Set<string>();
  readonly #starts = new Set<Promise<void>>();
  #writes: Promise<void> = Promise.resolve();
  #looking: Timer | undefined;
  #deaf = false;
  #closed = false;

  constructor(options: ScalePoolsOptions) {
    this.#options = options;
    options.provider.onExit((exit) => this.#exited(exit));
  }

  /** Takes over the replicas that outlived an earlier control plane, and begins. */
  async start(environments: readonly Environment[]): Promise<void> {
    const { clock, store, provider, limits } = this.#options;
    for (const environment of environments) this.#environments.set(environment.name, environment);
    const present = new Set(await provider.list());
    for (const { replica, policyOverride } of await store.listLive()) {
      const pool = this.#poolOf(replica.pool, replica.environment);
      pool.policyOverride ??= policyOverride;
      this.#replicas.set(replica.id, { ...replica, heardAtMs: clock.now() });
      if (present.delete(replica.id)) this.#happened(replica.id, { kind: "started" });
      else this.#happened(replica.id, { kind: "gone", reason: "it ended while the control plane was away" });
    }
    // What neither the store nor an announcement names by then is nobody's.
    clock.after(limits.startTimeoutMs, () => {
      for (const id of present) if (!this.#replicas.has(id)) void this.#stop(id, "no environment knows it");
    });
    this.#looking = clock.every(lookEveryMs, () => this.#look());
    for (const pool of this.#pools.keys()) this.#wake(pool);
  }

  /** An agent announced itself. A replica that was not known is taken in: it was started by an earlier control plane. */
  hearReplica(identity: ReplicaIdentity, event: ReplicaEvent): void {
    if (!this.#replicas.has(identity.replicaId)) {
      if (event.kind === "gone" || this.#stopping.has(identity.replicaId)) return;
      this.#poolOf(identity.pool, identity.environment);
      this.#replicas.set(identity.replicaId, this.#newReplica(identity, 0, "it was there before the control plane"));
    }
    this.#happened(identity.replicaId, event);
  }

  hearDemand(report: RouterReport): void {
    if (this.#board.hear(report, this.#options.clock.now())) this.#takeDemand();
  }

  /** A version or policy became current. */
  environmentChanged(environment: Environment): void {
    this.#environments.set(environment.name, environment);
    this.#wakeEnvironment(environment.name);
  }

  environmentDeleted(name: string): void {
    this.#environments.delete(name);
    this.#wakeEnvironment(name);
  }

  /** While nobody can be heard, silence means nothing. */
  setDeaf(deaf: boolean): void {
    this.#deaf = deaf;
    const now = this.#options.clock.now();
    this.#board.excuseSilence(now);
    for (const [id, replica] of this.#replicas) this.#replicas.set(id, { ...replica, heardAtMs: now });
  }

  /** The addresses of live routers, the one heard of most recently first. */
  routers(): readonly string[] {
    return this.#board.addresses();
  }

  /** The pools of an environment, the one all runs share first. */
  pools(environment: string): readonly PoolView[] {
    const shared = this.#pools.get(environment) ?? newPool(environment, environment);
    const variants = [...this.#pools.values()].filter(
      (pool) => pool.environment === environment && pool.name !== environment,
    );
    return [shared, ...variants].map((pool) => viewOf(pool, this.#replicasOf(pool.name)));
  }

  /** Decides nothing more and lets go of the replicas, or ends them all and waits for it. */
  async close(stopReplicas: boolean): Promise<void> {
    this.#closed = true;
    this.#looking?.cancel();
    for (const pool of this.#pools.values()) pool.timer?.cancel();
    // A process that is being made now would otherwise be missed.
    await Promise.all(this.#starts);
    if (stopReplicas) {
      const reason = "the control plane was stopped";
      await Promise.all((await this.#options.provider.list()).map((id) => this.#stop(id, reason)));
    }
    await this.#writes;
  }

  #takeDemand(): void {
    const now = this.#options.clock.now();
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
      this.#wake(pool.name);
    }
  }

  #happened(replicaId: string, event: ReplicaEvent): void {
    const { clock, log, feed } = this.#options;
    const before = this.#replicas.get(replicaId);
    if (before === undefined) return;
    const now = clock.now();
    const after = stepReplica(before, event, now);
    if (after === before) return;
    const pool = this.#poolOf(after.pool, after.environment);
    if (after.state === "ended") this.#replicas.delete(replicaId);
    else this.#replicas.set(replicaId, after);
    if (after.state !== before.state) {
      log.info({ replica: replicaId, pool: pool.name, state: after.state, reason: after.endReason }, "replica changed");
      this.#save(after, pool);
      if (after.state === "ready") pool.startFailures = undefined;
      if (event.kind === "gone" && before.readyAtMs === undefined && before.state !== "draining") {
        pool.startFailures = { count: (pool.startFailures?.count ?? 0) + 1, lastAtMs: now, message: event.reason };
      }
    }
    feed.publish(after.environment);
    this.#wake(pool.name);
  }

  #wakeEnvironment(name: string): void {
    this.#options.feed.publish(name);
    for (const pool of this.#pools.values()) if (pool.environment === name) this.#wake(pool.name);
  }

  /** Decides over the pool once everything that happens in this tick has been taken in. */
  #wake(pool: string): void {
    if (this.#awake.size === 0) setImmediate(() => this.#decideAll());
    this.#awake.add(pool);
  }

  #decideAll(): void {
    const names = [...this.#awake];
    this.#awake.clear();
    for (const name of names) {
      const pool = this.#pools.get(name);
      if (pool !== undefined && !this.#closed) this.#decide(pool);
    }
  }

  #decide(pool: PoolState): void {
    const { clock, log, feed } = this.#options;
    const now = clock.now();
    const environment = this.#environments.get(pool.environment);
    const replicas = this.#replicasOf(pool.name);
    const decision = decideScale(snapshotOf(pool, environment, replicas, now));
    const { kind, desired, reason } = decision;
    if (desired !== pool.decision?.desired || reason !== pool.decision.reason) feed.publish(pool.environment);
    if (kind !== "hold") log.info({ pool: pool.name, kind, desired, reason }, "pool decided");
    pool.decision = decision;
    pool.timer?.cancel();
    pool.timer = decision.nextAt === undefined ? undefined : this.#wakeAt(pool.name, decision.nextAt);
    if (environment !== undefined) this.#startReplicas(pool, environment, decision);
    for (const order of decision.drain) void this.#drain(order.replicaId, order.reason);
    if (isForgettable(pool, replicas)) this.#pools.delete(pool.name);
  }

  #wakeAt(pool: string, momentMs: number): Timer {
    const delayMs = Math.max(0, Math.ceil(momentMs - this.#options.clock.now()));
    // Node's timers hold 2^31 ms; a longer wait is taken in steps.
    return this.#options.clock.after(Math.min(delayMs, 3_600_000), () => this.#wake(pool));
  }

  #startReplicas(pool: PoolState, environment: Environment, decision: ScaleDecision): void {
    const { concurrency } = policyOf(pool, environment);
    for (let count = 0; count < decision.start; count++) {
      const replicaId = this.#options.newReplicaId(pool.environment);
      const identity = { replicaId, environment: pool.environment, pool: pool.name, version: environment.version.id };
      const replica = this.#newReplica(identity, concurrency, decision.startReason);
      this.#replicas.set(replicaId, replica);
      this.#save(replica, pool);
      const start = this.#startReplica(replica, environment).finally(() => this.#starts.delete(start));
      this.#starts.add(start);
    }
  }

  async #startReplica(replica: Replica, environment: Environment): Promise<void> {
    const { id: replicaId, pool, version, slots: concurrency } = replica;
    const { spec } = environment.version;
    try {
      await this.#options.provider.start({ replicaId, environment: spec.name, pool, version, concurrency, spec });
      this.#happened(replicaId, { kind: "started" });
      // It may have been given up while its process was being made.
      const wanted = this.#replicas.get(replicaId);
      if (wanted === undefined || this.#stopping.has(replicaId)) {
        await this.#options.provider.stop(replicaId, stopGraceMs);
      }
    } catch (error) {
      this.#happened(replicaId, { kind: "gone", reason: `it could not be started: ${(error as Error).message}` });
    }
  }

  async #drain(replicaId: string, reason: string): Promise<void> {
    const { peers, limits, log } = this.#options;
    this.#happened(replicaId, { kind: "drainAsked", reason });
    const address = this.#replicas.get(replicaId)?.announced?.address;
    if (address === undefined) return this.#stop(replicaId, reason);
    try {
      await peers.drain(address, reason, limits.drainGraceMs, AbortSignal.timeout(drainAnswerMs));
    } catch (error) {
      log.warn({ replica: replicaId, error: (error as Error).message }, "replica did not take its drain order");
      await this.#stop(replicaId, reason);
    }
  }

  async #stop(replicaId: string, reason: string): Promise<void> {
    if (this.#stopping.has(replicaId)) return;
    this.#stopping.set(replicaId, reason);
    try {
      await this.#options.provider.stop(replicaId, stopGraceMs);
    } catch (error) {
      this.#options.log.error({ replica: replicaId, error: (error as Error).message }, "replica could not be stopped");
    }
    this.#happened(replicaId, { kind: "gone", reason });
    this.#stopping.delete(replicaId);
  }

  #exited({ replicaId, exitCode, signal, lastLines }: ReplicaExit): void {
    const how = signal === undefined ? `exit code ${exitCode ?? "not known"}` : `signal ${signal}`;
    const reason = this.#stopping.get(replicaId) ?? `its process ended (${how})`;
    this.#happened(replicaId, { kind: "gone", reason: [reason, ...lastLines].join("\n") });
  }

  #look(): void {
    if (this.#deaf) return;
    const now = this.#options.clock.now();
    for (const replica of this.#replicas.values()) {
      const overdue = findOverdue(replica, now, this.#options.limits);
      if (overdue !== undefined) void this.#stop(replica.id, overdue);
    }
    if (this.#board.forgetSilent(now)) this.#takeDemand();
  }

  #poolOf(name: string, environment: string): PoolState {
    const pool = this.#pools.get(name) ?? newPool(name, environment);
    this.#pools.set(name, pool);
    return pool;
  }

  #replicasOf(pool: string): readonly Replica[] {
    return [...this.#replicas.values()].filter((replica) => replica.pool === pool);
  }

  #newReplica({ replicaId, ...rest }: ReplicaIdentity, slots: number, startReason: string): Replica {
    const now = this.#options.clock.now();
    return {
      ...rest,
      id: replicaId,
      state: "requested",
      startReason,
      endReason: "",
      createdAtMs: now,
      readyAtMs: undefined,
      drainingAtMs: undefined,
      endedAtMs: undefined,
      slots,
      announced: undefined,
      heardAtMs: now,
    };
  }

  /** One write after the other, so that a replica's states are stored in their order. */
  #save(replica: Replica, { policyOverride }: PoolState): void {
    const { store, log } = this.#options;
    this.#writes = this.#writes
      .then(() => store.put({ replica, policyOverride }))
      .catch((error: unknown) => log.error({ replica: replica.id, error: String(error) }, "replica was not stored"));
  }
}
