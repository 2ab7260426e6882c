import type { RouterMachine } from "@hearth/router/core";
import {
  choosePool,
  decideAdmission,
  type AttemptEnd,
  type EnvironmentFacts,
  type Execution,
  type Replica,
  type RouterEffect,
  type RouterEvent,
} from "@hearth/router/core";
import type { RouterReport } from "@hearth/controlplane/core";
import type { Policy } from "@hearth/policy";
import type { EventQueue } from "../event-queue.ts";
import type { AttemptReport, ExecutionOrder, SimulatedAnnouncement, ToAgent, ToRouter, Work } from "./messages.ts";
import type { Observer } from "./observer.ts";
import type { SimulatedStream, StreamEnd } from "./simulated-stream.ts";

const reportEveryMsMin = 50;
const reportEveryMsMax = 1_000;
const tickMs = 1_000;
const reattachAfterMs = 200;

type AgentStream = SimulatedStream<ToAgent, ToRouter>;
type OnEnd = (succeeded: boolean) => void;

/** What a router's surroundings do for it. */
export interface RouterSurroundings {
  readonly queue: EventQueue;
  readonly observer: Observer;
  readonly backlogMax: number;
  newMachine(): RouterMachine;
  /** Opens a stream to a replica's agent. Undefined: it cannot be reached. */
  connect(router: SimulatedRouter, replicaId: string): AgentStream | undefined;
  report(report: RouterReport): void;
  policyOf(environment: string): Policy | undefined;
}

/** The loops around a router's real machine, in virtual time. */
export class SimulatedRouter {
  readonly id: string;
  readonly #around: RouterSurroundings;
  readonly #machine: RouterMachine;
  readonly #streams = new Map<string, AgentStream>();
  readonly #known = new Map<string, Replica>();
  readonly #onEnd = new Map<string, OnEnd[]>();
  #sequence = 0;
  #lastReportAt = -Infinity;
  #reporting = false;
  #isAlive = true;

  constructor(id: string, around: RouterSurroundings) {
    this.id = id;
    this.#around = around;
    this.#machine = around.newMachine();
    this.#report();
    this.#every(reportEveryMsMax, () => this.#report());
    this.#every(tickMs, () => this.handle({ kind: "tick" }));
  }

  get isAlive(): boolean {
    return this.#isAlive;
  }

  get backlog(): number {
    let backlog = 0;
    for (const pool of this.#machine.pools()) backlog += pool.backlog.size;
    return backlog;
  }

  /** Accepts an execution, or finds the one of that id. `onEnd` is called once it has ended. False: refused. */
  submit(
    order: ExecutionOrder,
    ids: { readonly executionId: string; readonly runId: string; readonly parentId: string },
    onEnd: OnEnd,
  ): boolean {
    const { executionId: id, runId, parentId } = ids;
    const earlier = this.#machine.execution(id);
    if (earlier !== undefined) {
      this.#tellEnd(earlier, onEnd);
      return true;
    }
    const { environment, affinityKey = "", freshReplica = false } = order;
    const policy = this.#around.policyOf(environment);
    const scope = policy?.scope ?? "global";
    const pool = choosePool({ environment, runId, scope, policyOverride: "", freshReplica });
    const request = { environment, task: "work", argumentBytes: 0, idempotencyKey: "", fingerprint: "" };
    const admission = decideAdmission({
      ...{ draining: false, journalAvailable: true, request, earlier: undefined },
      tasks: policy === undefined ? undefined : tasks,
      backlog: this.#machine.backlogOf(pool),
      bounds: { argumentBytesMax: 1, backlogMax: this.#around.backlogMax },
    });
    if (admission.kind === "reject") {
      this.#around.observer.executionRejected?.(admission.reason);
      return false;
    }
    const now = this.#around.queue.nowMs;
    const execution: Execution = {
      ...{ id, runId, parentId, pool, affinityKey, ...request },
      priority: order.priority ?? this.#machine.execution(parentId)?.priority ?? 0,
      ...{ acceptedAt: now, request: order.work, attempts: [], state: { kind: "queued", since: now, waitReason: "" } },
    };
    this.#onEnd.set(id, [onEnd]);
    this.#around.observer.executionAccepted?.(execution, this.id);
    this.handle({ kind: "admitted", execution, policyOverride: undefined });
    return true;
  }

  hear(announcement: SimulatedAnnouncement): void {
    const { replicaId, pool, environment, version, state } = announcement;
    const heard = { replicaId, pool, environment, version, address: replicaId, state };
    if (this.#isAlive) this.handle({ kind: "announced", announcement: heard });
  }

  environmentChanged(name: string, environment: EnvironmentFacts): void {
    if (this.#isAlive) this.handle({ kind: "environmentChanged", name, environment });
  }

  /** Its process is gone, and what it had accepted with it. */
  kill(): void {
    this.#isAlive = false;
    for (const stream of this.#streams.values()) stream.break();
  }

  /** This side of the stream to a replica. */
  streamEnd(replicaId: string, own: () => AgentStream): StreamEnd<ToRouter> {
    return {
      name: this.id,
      receive: (frame) => {
        if (this.#isAlive && this.#streams.get(replicaId) === own()) this.#receive(replicaId, own(), frame);
      },
      closed: () => {
        if (!this.#isAlive || this.#streams.get(replicaId) !== own()) return;
        this.#streams.delete(replicaId);
        this.handle({ kind: "detached", replicaId });
        this.#reattach(replicaId);
      },
    };
  }

  handle(event: RouterEvent): boolean {
    const effects = this.#machine.step(event, this.#around.queue.nowMs);
    for (const effect of effects) this.#carryOut(effect);
    if (effects.length > 0) this.#demandChanged();
    return effects.length > 0;
  }

  #carryOut(effect: RouterEffect): void {
    const { observer } = this.#around;
    switch (effect.kind) {
      case "attach":
        this.#known.set(effect.replica.id, effect.replica);
        return this.#connect(effect.replica.id);
      case "forget": {
        const stream = this.#streams.get(effect.replica.id);
        this.#known.delete(effect.replica.id);
        this.#streams.delete(effect.replica.id);
        return stream?.break();
      }
      case "dispatch": {
        const { execution, attempt, replica } = effect;
        observer.attemptDispatched?.(execution, attempt, this.id);
        const key = { executionId: execution.id, attempt: attempt.number };
        const work = execution.request as Work;
        return this.#streams.get(replica.id)?.toAgent({ kind: "dispatch", key, runId: execution.runId, work });
      }
      case "cancelAttempt":
        return this.#streams.get(effect.replicaId)?.toAgent({ kind: "cancel", key: effect.key });
      case "waiting":
      case "found":
      case "forgotten":
        return;
      case "reattach":
        this.#streams.get(effect.replica.id)?.break();
        return this.#connect(effect.replica.id);
      case "attemptEnded":
        return this.#acknowledge(effect.attempt.replicaId, effect.execution.id, effect.attempt.number);
      case "ended":
        return this.#ended(effect.execution, effect.end);
    }
  }

  #ended(execution: Execution, end: AttemptEnd): void {
    const last = execution.attempts.at(-1);
    if (last?.end === end) this.#acknowledge(last.replicaId, execution.id, last.number);
    this.#around.observer.executionEnded?.(execution, end, this.id);
    const listeners = this.#onEnd.get(execution.id) ?? [];
    this.#onEnd.delete(execution.id);
    for (const onEnd of listeners) onEnd(end.outcome === "succeeded");
  }

  #tellEnd(execution: Execution, onEnd: OnEnd): void {
    if (execution.state.kind === "ended") onEnd(execution.state.end.outcome === "succeeded");
    else this.#onEnd.get(execution.id)?.push(onEnd);
  }

  #acknowledge(replicaId: string, executionId: string, attempt: number): void {
    this.#streams.get(replicaId)?.toAgent({ kind: "acknowledge", key: { executionId, attempt } });
  }

  // Streams

  #connect(replicaId: string): void {
    const stream = this.#around.connect(this, replicaId);
    if (stream === undefined) return this.#reattach(replicaId);
    this.#streams.set(replicaId, stream);
  }

  #reattach(replicaId: string): void {
    this.#around.queue.after(reattachAfterMs, () => {
      const wanted = this.#isAlive && this.#known.has(replicaId) && !this.#streams.has(replicaId);
      if (!wanted) return;
      this.handle({ kind: "detached", replicaId });
      this.#connect(replicaId);
    });
  }

  #receive(replicaId: string, stream: AgentStream, frame: ToRouter): void {
    const { hello, slots, refusals, ends, calls, cancellations } = frame;
    if (hello !== undefined && slots !== undefined) this.handle({ kind: "attached", replicaId, live: hello, slots });
    for (const { key, reason } of refusals) this.handle({ kind: "refused", key, reason });
    for (const report of ends) this.#endAttempt(stream, report);
    if (hello === undefined && slots !== undefined) this.handle({ kind: "slots", replicaId, slots });
    for (const { executionId, parentId, runId, order } of calls) {
      const told = (): void => this.#streams.get(replicaId)?.toAgent({ kind: "childEnded", executionId });
      if (!this.submit(order, { executionId, runId, parentId }, told)) told();
    }
    for (const executionId of cancellations) this.handle({ kind: "cancelRequested", executionId });
  }

  #endAttempt(stream: AgentStream, { key, outcome, reason, neighbours }: AttemptReport): void {
    const end = { outcome, reason, message: reason, resultBytes: 0, neighbours };
    if (!this.handle({ kind: "attemptEnded", key, end })) stream.toAgent({ kind: "acknowledge", key });
  }

  // Demand

  #demandChanged(): void {
    this.#around.observer.backlogChanged?.(this.backlog);
    if (this.#reporting) return;
    this.#reporting = true;
    this.#around.queue.at(this.#lastReportAt + reportEveryMsMin, () => {
      this.#reporting = false;
      if (this.#isAlive) this.#report();
    });
  }

  #report(): void {
    this.#lastReportAt = this.#around.queue.nowMs;
    const pools = [...this.#machine.pools()]
      .filter((pool) => pool.backlog.size > 0 || pool.busy > 0)
      .map((pool) => ({
        ...{ pool: pool.name, environment: pool.environment, backlog: pool.backlog.size },
        oldestMs: pool.backlog.oldest?.acceptedAt,
        policyOverride: pool.policyOverride as Policy | undefined,
      }));
    this.#around.report({ routerId: this.id, address: this.id, sequence: ++this.#sequence, pools });
  }

  #every(periodMs: number, happen: () => void): void {
    this.#around.queue.after(periodMs, () => {
      if (!this.#isAlive) return;
      happen();
      this.#every(periodMs, happen);
    });
  }
}

const tasks: ReadonlySet<string> = new Set(["work"]);
