import type { Clock, Timer } from "@hearth/clock";
import type { Logger } from "@hearth/telemetry";
import type { RouterReport } from "../core/demand-board.ts";
import type { Environment } from "../core/environment.ts";
import type { PoolView } from "../core/pool-view.ts";
import type { PoolsEffect, PoolsEvent, PoolsMachine, ReplicaIdentity } from "../core/pools-machine.ts";
import type { Replica, ReplicaEvent } from "../core/replica.ts";
import type { ChangeFeed } from "../io/change-feed.ts";
import type { Peers } from "../io/peers.ts";
import type { PoolMetrics } from "../io/pool-metrics.ts";
import type { ReplicaExit, ReplicaProvider } from "../io/replica-provider.ts";
import type { ReplicaStore, StoredReplica } from "../io/replica-store.ts";

/** How often silence and overdue starts and drains are looked for. Everything else is woken by what happens. */
const lookEveryMs = 250;

/** Decisions come at most this often: with many replicas something happens all the time. */
const decideEveryMs = 10;

/** How long an agent may take to answer that it drains. */
const drainAnswerMs = 3_000;

/** How long a replica that is stopped, not drained, may take before it is ended by force. */
const stopGraceMs = 5_000;

export interface ScalePoolsOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly machine: PoolsMachine;
  readonly provider: ReplicaProvider;
  readonly peers: Peers;
  readonly store: ReplicaStore;
  /** Told under an environment's name when its pools change. */
  readonly feed: ChangeFeed;
  /** Tells everybody on the bus that a replica has ended: one that was killed cannot say so itself. */
  readonly announceEnd: (replica: Replica) => void;
  readonly metrics: PoolMetrics;
  readonly startTimeoutMs: number;
  /** False while another control plane may have taken over: then nothing is decided. */
  readonly mayAct: () => boolean;
}

/**
 * Keeps every pool as large as the machine says. The one owner of that machine: everything that happens comes in through
 * these methods, and what follows from it is carried out here.
 */
export class ScalePools {
  readonly #options: ScalePoolsOptions;
  readonly #machine: PoolsMachine;
  readonly #starts = new Set<Promise<void>>();
  #writes: Promise<void> = Promise.resolve();
  #looking: Timer | undefined;
  #deciding: Timer | undefined;
  #decidesAt = Infinity;
  #decidedAt = -Infinity;
  #closed = false;

  constructor(options: ScalePoolsOptions) {
    this.#options = options;
    this.#machine = options.machine;
    options.provider.onExit((exit) => this.#exited(exit));
  }

  /** Takes over the replicas that outlived an earlier control plane, and begins. */
  async start(environments: readonly Environment[]): Promise<void> {
    const { clock, store, provider, startTimeoutMs } = this.#options;
    for (const environment of environments) this.#handle({ kind: "environmentChanged", environment });
    const present = new Set(await provider.list());
    for (const stored of await store.listLive()) {
      this.#handle({ kind: "replicaFound", ...stored, present: present.delete(stored.replica.id) });
    }
    // What neither the store nor an announcement names by then is nobody's.
    clock.after(startTimeoutMs, () => {
      for (const id of present) if (!this.#machine.isKnown(id)) void this.#stop(id, "no environment knows it");
    });
    this.#looking = clock.every(lookEveryMs, () => {
      if (this.#options.mayAct()) this.#handle({ kind: "look" });
    });
  }

  /** An agent announced itself. */
  hearReplica(identity: ReplicaIdentity, event: ReplicaEvent): void {
    this.#handle({ kind: "replicaHeard", identity, event });
  }

  hearDemand(report: RouterReport): void {
    this.#handle({ kind: "demandHeard", report });
  }

  /** A version or policy became current. */
  environmentChanged(environment: Environment): void {
    this.#handle({ kind: "environmentChanged", environment });
  }

  environmentDeleted(name: string): void {
    this.#handle({ kind: "environmentDeleted", name });
  }

  /** At least so many replicas are to be started, asked for or not. */
  warmUp(environment: string, replicas: number): void {
    this.#handle({ kind: "warmUpAsked", environment, replicas });
  }

  /** While nobody can be heard, silence means nothing. */
  setDeaf(deaf: boolean): void {
    this.#handle({ kind: "hearing", can: !deaf });
  }

  /** The addresses of live routers, the one heard of most recently first. */
  routers(): readonly string[] {
    return this.#machine.routers();
  }

  /** The pools of an environment, the one all runs share first. */
  pools(environment: string): readonly PoolView[] {
    return this.#machine.pools(environment);
  }

  /** Decides nothing more and lets go of the replicas, or ends them all and waits for it. */
  async close(stopReplicas: boolean): Promise<void> {
    this.#closed = true;
    this.#looking?.cancel();
    this.#deciding?.cancel();
    // A process that is being made now would otherwise be missed.
    await Promise.all(this.#starts);
    if (stopReplicas) {
      const reason = "the control plane was stopped";
      await Promise.all((await this.#options.provider.list()).map((id) => this.#stop(id, reason)));
    }
    await this.#writes;
  }

  #handle(event: PoolsEvent): void {
    for (const effect of this.#machine.step(event, this.#options.clock.now())) this.#carryOut(effect);
    this.#planDecision();
  }

  /** What happens in the same moment is decided over once. */
  #planDecision(): void {
    if (this.#closed) return;
    const { clock } = this.#options;
    const now = clock.now();
    const soonest = Math.max(now, this.#decidedAt + decideEveryMs);
    const at = this.#machine.isUndecided ? soonest : Math.max(soonest, this.#machine.nextDecisionAt ?? Infinity);
    if (at === this.#decidesAt) return;
    this.#deciding?.cancel();
    this.#decidesAt = at;
    if (at === Infinity) return;
    // Node's timers hold 2^31 ms; a longer wait is taken in steps.
    this.#deciding = clock.after(Math.min(Math.max(0, Math.ceil(at - now)), 3_600_000), () => {
      this.#decidesAt = Infinity;
      this.#decidedAt = clock.now();
      if (this.#options.mayAct()) this.#handle({ kind: "decide" });
      else this.#planDecision();
    });
  }

  #carryOut(effect: PoolsEffect): void {
    const { log, feed, metrics } = this.#options;
    switch (effect.kind) {
      case "start": {
        if (this.#closed) return;
        metrics.startDecided(effect.replica);
        const start = this.#start(effect).finally(() => this.#starts.delete(start));
        this.#starts.add(start);
        return;
      }
      case "drain":
        return void this.#drain(effect);
      case "stop":
        return void this.#stop(effect.replicaId, effect.reason);
      case "replicaChanged": {
        const { id, pool, state, startReason, endReason } = effect.replica;
        const reason = endReason === "" ? startReason : endReason;
        log.info({ replica: id, pool, state, reason }, "replica changed");
        if (state === "ended") this.#options.announceEnd(effect.replica);
        metrics.changed(effect.replica);
        return this.#save(effect);
      }
      case "decided": {
        const { kind, desired, reason } = effect.decision;
        log.info({ pool: effect.pool, kind, desired, reason }, "pool decided");
        return;
      }
      case "poolsChanged":
        return feed.publish(effect.environment);
    }
  }

  async #start({ replica, environment, policy }: Extract<PoolsEffect, { kind: "start" }>): Promise<void> {
    const { id: replicaId, pool, version, slots: concurrency } = replica;
    const { spec } = environment.version;
    const { singleUse } = policy;
    const { provider } = this.#options;
    try {
      await provider.start({ replicaId, environment: spec.name, pool, version, concurrency, singleUse, spec });
      this.#handle({ kind: "replicaStarted", replicaId });
      // It may have been given up while its process was being made.
      if (!this.#machine.isWanted(replicaId)) await provider.stop(replicaId, stopGraceMs);
    } catch (error) {
      this.#handle({ kind: "startFailed", replicaId, message: (error as Error).message });
    }
  }

  async #drain({ replicaId, address, reason, graceMs }: Extract<PoolsEffect, { kind: "drain" }>): Promise<void> {
    const { peers, log } = this.#options;
    try {
      await peers.drain(address, reason, graceMs, AbortSignal.timeout(drainAnswerMs));
    } catch (error) {
      log.warn({ replica: replicaId, error: (error as Error).message }, "replica did not take its drain order");
      this.#handle({ kind: "drainFailed", replicaId });
    }
  }

  async #stop(replicaId: string, reason: string): Promise<void> {
    try {
      await this.#options.provider.stop(replicaId, stopGraceMs);
    } catch (error) {
      this.#options.log.error({ replicaId, reason, error: (error as Error).message }, "replica could not be stopped");
    }
    this.#handle({ kind: "replicaStopped", replicaId });
  }

  #exited({ replicaId, exitCode, signal, lastLines }: ReplicaExit): void {
    const end = signal === undefined ? `exit code ${exitCode ?? "not known"}` : `signal ${signal}`;
    const how = [`its process ended (${end})`, ...lastLines].join("\n");
    this.#handle({ kind: "replicaExited", replicaId, how });
  }

  /** One write after the other, so that a replica's states are stored in their order. */
  #save({ replica, policyOverride }: StoredReplica): void {
    const { store, log } = this.#options;
    this.#writes = this.#writes
      .then(() => store.put({ replica, policyOverride }))
      .catch((error: unknown) => log.error({ replica: replica.id, error: String(error) }, "replica was not stored"));
  }
}
