import {
  type Environment,
  type PoolsMachine,
  type PoolsEffect,
  type PoolsEvent,
  type PoolView,
  type Replica,
  type ReplicaEvent,
  type RouterReport,
} from "@hearth/controlplane/core";
import type { Policy } from "@hearth/policy";
import type { EventQueue } from "../event-queue.ts";
import type { SimulatedAnnouncement } from "./messages.ts";
import type { Observer } from "./observer.ts";

const lookEveryMs = 250;
const limits = { startTimeoutMs: 60_000, drainGraceMs: 30_000, replacedGraceMs: 3_600_000 };

/** What outlives a control plane: its tables and its provider's replicas. */
export interface ControlPlaneState {
  readonly environments: Map<string, Environment>;
  readonly replicas: Map<string, { readonly replica: Replica; readonly policyOverride: Policy | undefined }>;
}

/** What a control plane's surroundings do for it. */
export interface ControlPlaneSurroundings {
  readonly queue: EventQueue;
  readonly observer: Observer;
  /** How often it decides at most. */
  readonly decideEveryMs: number;
  /** Whether replicas and routers speak up when there is nothing new. */
  readonly heartbeats: boolean;
  newMachine(options: ConstructorParameters<typeof PoolsMachine>[0]): PoolsMachine;
  newReplicaId(environment: string): string;
  /** Asks the provider for a replica. */
  startReplica(replica: Replica, policy: Policy, done: (failure: string | undefined) => void): void;
  /** Asks the provider to stop one. */
  stopReplica(replicaId: string, done: () => void): void;
  isPresent(replicaId: string): boolean;
  /** Gives an agent its drain order. */
  drain(replicaId: string, reason: string, graceMs: number, done: (taken: boolean) => void): void;
  announceEnd(replica: Replica): void;
}

/** The loops around the control plane's real machine, in virtual time. */
export class SimulatedControlPlane {
  readonly #around: ControlPlaneSurroundings;
  readonly #state: ControlPlaneState;
  readonly #machine: PoolsMachine;
  #isAlive = true;
  #decidesAt = Infinity;
  #decidedAt = -Infinity;

  constructor(state: ControlPlaneState, around: ControlPlaneSurroundings) {
    this.#state = state;
    this.#around = around;
    this.#machine = around.newMachine({ limits, newReplicaId: (environment) => around.newReplicaId(environment) });
    for (const environment of state.environments.values()) this.handle({ kind: "environmentChanged", environment });
    for (const stored of [...state.replicas.values()]) {
      this.handle({ kind: "replicaFound", ...stored, present: around.isPresent(stored.replica.id) });
    }
    // Where nobody says that it is there, silence says nothing.
    if (!around.heartbeats) this.handle({ kind: "hearing", can: false });
    this.#look();
  }

  get isAlive(): boolean {
    return this.#isAlive;
  }

  pools(environment: string): readonly PoolView[] {
    return this.#machine.pools(environment);
  }

  /** Its process is gone; what it had stored is not. */
  kill(): void {
    this.#isAlive = false;
  }

  hearReplica(announcement: SimulatedAnnouncement): void {
    const { replicaId, environment, pool, version } = announcement;
    const identity = { replicaId, environment, pool, version };
    this.handle({ kind: "replicaHeard", identity, event: toEvent(announcement) });
  }

  hearDemand(report: RouterReport): void {
    this.handle({ kind: "demandHeard", report });
  }

  handle(event: PoolsEvent): void {
    if (!this.#isAlive) return;
    for (const effect of this.#machine.step(event, this.#around.queue.nowMs)) this.#carryOut(effect);
    this.#planDecision();
  }

  #planDecision(): void {
    const { queue, decideEveryMs } = this.#around;
    const soonest = Math.max(queue.nowMs, this.#decidedAt + decideEveryMs);
    const at = this.#machine.isUndecided ? soonest : Math.max(soonest, this.#machine.nextDecisionAt ?? Infinity);
    if (at >= this.#decidesAt || at === Infinity) return;
    this.#decidesAt = at;
    queue.at(at, () => {
      if (!this.#isAlive || this.#decidesAt !== at) return;
      this.#decidesAt = Infinity;
      this.#decidedAt = at;
      this.handle({ kind: "decide" });
    });
  }

  #carryOut(effect: PoolsEffect): void {
    const around = this.#around;
    around.observer.controlPlaneDid?.(effect);
    switch (effect.kind) {
      case "start": {
        const { id: replicaId } = effect.replica;
        return around.startReplica(effect.replica, effect.policy, (failure) => {
          if (failure !== undefined) return this.handle({ kind: "startFailed", replicaId, message: failure });
          this.handle({ kind: "replicaStarted", replicaId });
          if (this.#isAlive && !this.#machine.isWanted(replicaId)) around.stopReplica(replicaId, () => undefined);
        });
      }
      case "drain":
        return around.drain(effect.replicaId, effect.reason, effect.graceMs, (taken) => {
          if (!taken) this.handle({ kind: "drainFailed", replicaId: effect.replicaId });
        });
      case "stop":
        return around.stopReplica(effect.replicaId, () =>
          this.handle({ kind: "replicaStopped", replicaId: effect.replicaId }),
        );
      case "replicaChanged": {
        const { replica, policyOverride } = effect;
        if (replica.state === "ended") {
          this.#state.replicas.delete(replica.id);
          around.announceEnd(replica);
        } else this.#state.replicas.set(replica.id, { replica: { ...replica, announced: undefined }, policyOverride });
        return;
      }
      case "decided":
      case "poolsChanged":
    }
  }

  #look(): void {
    this.#around.queue.after(lookEveryMs, () => {
      if (!this.#isAlive) return;
      this.handle({ kind: "look" });
      this.#look();
    });
  }
}

function toEvent(message: SimulatedAnnouncement): ReplicaEvent {
  const announced = {
    address: message.replicaId,
    sequence: message.sequence,
    slots: message.total,
    free: message.free,
    busy: message.busy,
    lent: message.lent,
    idleSinceMs: message.idleSinceMs,
    executions: message.executions,
    memoryBytes: 0,
    agentPid: 1,
    runnerPid: 1,
  };
  const { cause, reason } = message;
  switch (message.state) {
    case "starting":
      return { kind: "announcedStarting", announced };
    case "ready":
      return { kind: "announcedReady", announced };
    case "draining":
      return { kind: "announcedDraining", announced, cause: cause === "" ? "STOPPED" : cause, reason };
    case "ended":
      return { kind: "gone", cause: cause === "" ? "EXITED" : cause, reason };
  }
}
