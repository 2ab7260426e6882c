import type { RouterMachine } from "@hearth/router/core";
import {
  choosePool,
  decideAdmission,
  noLimits,
  provesItself,
  untouched,
  type AttemptEnd,
  type EnvironmentFacts,
  type Execution,
  type Limits,
  type Replica,
  type RouterEffect,
  type RouterEvent,
} from "@hearth/router/core";
import type { RouterReport } from "@hearth/controlplane/core";
import type { Policy } from "@hearth/policy";
import type { EventQueue } from "../event-queue.ts";
import type {
  AttemptReport,
  ChildCall,
  ExecutionOrder,
  SimulatedAnnouncement,
  ToAgent,
  ToRouter,
  Work,
} from "./messages.ts";
import type { Observer } from "./observer.ts";
import type { SimulatedJournal } from "./simulated-journal.ts";
import type { SimulatedStream, StreamEnd } from "./simulated-stream.ts";

const reportEveryMsMin = 50;
const reportEveryMsMax = 1_000;
const tickMs = 1_000;
const reattachAfterMs = 200;
const callAgainAfterMs = 500;
/** A router that stood still sends nothing out until it has looked at its journal, which takes no longer than this. */
const lookMsMax = 1_000;
const ownForMs = 4_000;

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
  /** Undefined where nothing can be lost. `superseded` is called when another router has taken over. */
  newJournal(router: SimulatedRouter, superseded: () => void): SimulatedJournal | undefined;
  report(report: RouterReport): void;
  /** Its process has ended. */
  died(router: SimulatedRouter): void;
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
  readonly #adoptedIds: string[] = [];
  /** Taken over before they had a slot, and not in a backlog yet. */
  readonly #held = new Set<string>();
  readonly journal: SimulatedJournal | undefined;
  /** What happens while it stands still, for later. Undefined: it does not. */
  #missed: (() => void)[] | undefined;
  #journalIsOwn = true;
  #sequence = 0;
  /** When it wakes for what is due. */
  #alarmAt = Infinity;
  #lastReportAt = -Infinity;
  #reporting = false;
  #isAlive = true;

  constructor(id: string, around: RouterSurroundings) {
    this.id = id;
    this.#around = around;
    this.#machine = around.newMachine();
    this.journal = around.newJournal(this, () => this.kill());
    this.#report();
    this.#every(reportEveryMsMax, () => this.#report());
    this.#every(tickMs, () => this.handle({ kind: "tick" }));
    if (this.journal !== undefined) this.#every(lookMsMax, () => this.#look());
  }

  get isAlive(): boolean {
    return this.#isAlive;
  }

  /** Whether its process stands still. */
  get isFrozen(): boolean {
    return this.#missed !== undefined;
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
    const request = { environment, task: "work", argumentBytes: 0, idempotencyKey: "" };
    const admission = decideAdmission({
      ...{ draining: false, journalAvailable: true, request, repeats: undefined },
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
      ...{
        acceptedAt: now,
        request: order.work,
        limits: limitsOf(order, this.#machine.execution(parentId)?.limits.deadline),
        ...untouched,
        attempts: [],
        state: { kind: "queued", since: now, waitReason: "" },
      },
    };
    this.#accept(execution, [onEnd]);
    return true;
  }

  #accept(execution: Execution, onEnd: OnEnd[]): void {
    this.#onEnd.set(execution.id, onEnd);
    this.journal?.append({ kind: "accepted", execution }, undefined, "lingers");
    this.#around.observer.executionAccepted?.(execution, this.id);
    this.handle({ kind: "admitted", execution, policyOverride: undefined });
  }

  /** A replica of the pool has an attempt of what a router that is gone had accepted, and not written down. */
  #recover(asAccepted: Execution, pool: string): void {
    if (!this.#machine.isAskedAbout(asAccepted.id)) return;
    const acceptedAt = this.#around.queue.nowMs;
    const state = { kind: "queued", since: acceptedAt, waitReason: "" } as const;
    this.#accept({ ...asAccepted, ...untouched, pool, acceptedAt, attempts: [], state }, []);
  }

  /** Whether what it does not know may be on a replica that it has not heard all of. */
  get mayFindMore(): boolean {
    return this.#machine.mayFindMore(this.#around.queue.nowMs);
  }

  /** Routers whose attempts are this one's. */
  get adoptedIds(): readonly string[] {
    return this.#adoptedIds;
  }

  knows(executionId: string): boolean {
    return this.#machine.execution(executionId) !== undefined;
  }

  /** Whether the execution, which has ended, succeeded. Undefined: it does not know. */
  hasSucceeded(executionId: string): boolean | undefined {
    const state = this.#machine.execution(executionId)?.state;
    return state?.kind === "ended" ? state.end.outcome === "succeeded" : undefined;
  }

  /** Whether it has the execution, and that has not ended. */
  hasOpen(executionId: string): boolean {
    const execution = this.#machine.execution(executionId);
    return execution !== undefined && execution.state.kind !== "ended";
  }

  /** Goes on with what another router had. `onEndOf` says who waits for the end of each. */
  adopt(
    routerIds: readonly string[],
    executions: readonly Execution[],
    onEndOf: (executionId: string) => OnEnd | undefined,
  ): void {
    this.#adoptedIds.push(...routerIds);
    for (const execution of executions) {
      const onEnd = onEndOf(execution.id);
      if (this.#machine.execution(execution.id) !== undefined) continue;
      if (execution.attempts.length === 0) this.#held.add(execution.id);
      if (execution.state.kind === "ended") onEnd?.(execution.state.end.outcome === "succeeded");
      else this.#onEnd.set(execution.id, onEnd === undefined ? [] : [onEnd]);
    }
    this.handle({ kind: "adopted", executions, policyOverrides: new Map() });
  }

  hear(announcement: SimulatedAnnouncement): void {
    const { replicaId, pool, environment, version, state } = announcement;
    const heard = { replicaId, pool, environment, version, address: replicaId, state };
    this.soon(() => this.handle({ kind: "announced", announcement: heard }));
  }

  environmentChanged(name: string, environment: EnvironmentFacts): void {
    this.soon(() => this.handle({ kind: "environmentChanged", name, environment }));
  }

  /** Its process is gone. What it had accepted is in its journal. */
  kill(): void {
    if (!this.#isAlive) return;
    this.#isAlive = false;
    this.journal?.abandon();
    for (const stream of this.#streams.values()) stream.break();
    this.#around.died(this);
  }

  /** Its process stands still, and goes on later as if nothing had happened. */
  freeze(forMs: number): void {
    if (!this.#isAlive || this.#missed !== undefined) return;
    this.#missed = [];
    this.#around.queue.after(forMs, () => {
      const missed = this.#missed ?? [];
      this.#missed = undefined;
      if (!this.#isAlive) return;
      if (forMs >= ownForMs) this.#doubt();
      for (const happen of missed) this.soon(happen);
    });
  }

  /** It cannot know whether its journal is its own, and looks. */
  #doubt(): void {
    this.#journalIsOwn = false;
    this.handle({ kind: "journal", isOwn: false });
    this.#around.queue.after(lookMsMax, () => {
      this.#look();
      if (!this.#isAlive) return;
      this.#journalIsOwn = true;
      this.handle({ kind: "journal", isOwn: true });
    });
  }

  #look(): void {
    if (this.journal?.sealedFor !== undefined) this.kill();
  }

  /** Lets something happen to it, unless it is dead; when it stands still, later. */
  soon(happen: () => void): void {
    if (!this.#isAlive) return;
    if (this.#missed === undefined) happen();
    else this.#missed.push(happen);
  }

  /** This side of the stream to a replica. */
  streamEnd(replicaId: string, own: () => AgentStream): StreamEnd<ToRouter> {
    return {
      name: this.id,
      receive: (frame) => {
        this.soon(() => {
          if (this.#streams.get(replicaId) === own()) this.#receive(replicaId, own(), frame);
        });
      },
      closed: () => {
        this.soon(() => {
          if (this.#streams.get(replicaId) !== own()) return;
          this.#streams.delete(replicaId);
          this.handle({ kind: "detached", replicaId });
          this.#reattach(replicaId);
        });
      },
    };
  }

  handle(event: RouterEvent): boolean {
    if (this.#machine.nextDueAt <= this.#around.queue.nowMs) this.#step({ kind: "due" });
    const happened = this.#step(event);
    this.#setAlarm();
    return happened;
  }

  #step(event: RouterEvent): boolean {
    const effects = this.#machine.step(event, this.#around.queue.nowMs);
    for (const effect of effects) this.#carryOut(effect);
    if (effects.length > 0) this.#demandChanged();
    return effects.length > 0;
  }

  #setAlarm(): void {
    const at = this.#machine.nextDueAt;
    if (at >= this.#alarmAt) return;
    this.#alarmAt = at;
    this.#around.queue.at(at, () => {
      if (this.#alarmAt === at) this.#alarmAt = Infinity;
      this.soon(() => this.handle({ kind: "due" }));
    });
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
        this.journal?.append({ kind: "dispatched", executionId: execution.id, attempt }, undefined, "lingers");
        const key = { executionId: execution.id, attempt: attempt.number };
        const work = execution.request as Work;
        const { runId, limits } = execution;
        const { deadline } = limits;
        return this.#streams.get(replica.id)?.toAgent({ kind: "dispatch", key, runId, work, deadline, execution });
      }
      case "cancelAttempt":
        return this.#streams.get(effect.replicaId)?.toAgent({ kind: "cancel", key: effect.key });
      case "askAbout":
        return this.#streams.get(effect.replicaId)?.toAgent({ kind: "askAbout", key: effect.key });
      case "waiting":
        if (this.#held.delete(effect.execution.id)) observer.executionAccepted?.(effect.execution, this.id);
        return observer.executionWaits?.(effect.execution, this.id);
      case "forgotten":
        return;
      case "found":
        this.#held.delete(effect.execution.id);
        observer.attemptFound?.(effect.execution, effect.attempt, this.id);
        return this.journal?.append(
          { kind: "dispatched", executionId: effect.execution.id, attempt: effect.attempt },
          undefined,
          "lingers",
        );
      case "reattach": {
        const before = this.#streams.get(effect.replica.id);
        this.#streams.delete(effect.replica.id);
        before?.break();
        return this.#connect(effect.replica.id);
      }
      case "attemptEnded": {
        const { execution, attempt, end } = effect;
        observer.attemptEnded?.(execution, end, this.id);
        const key = { executionId: execution.id, attempt: attempt.number };
        const entry = { kind: "attemptEnded", key, end, at: this.#around.queue.nowMs } as const;
        return this.#write(entry, () => this.#acknowledge(attempt.replicaId, execution.id, attempt.number));
      }
      case "ended":
        return this.#ended(effect.execution, effect.end);
    }
  }

  #ended(execution: Execution, end: AttemptEnd): void {
    const last = execution.attempts.at(-1);
    this.#around.observer.executionEnded?.(execution, end, this.id);
    const tell = (): void => {
      const listeners = this.#onEnd.get(execution.id) ?? [];
      this.#onEnd.delete(execution.id);
      for (const onEnd of listeners) onEnd(end.outcome === "succeeded");
    };
    // That, and what it was, its agent tells again until it is in a journal. What a router decides only its journal can prove.
    const isProven = this.#journalIsOwn && provesItself(execution, end);
    if (isProven) tell();
    const written = (): void => {
      if (last?.end === end) this.#acknowledge(last.replicaId, execution.id, last.number);
      if (!isProven) tell();
      this.#step({ kind: "kept", execution, as: execution });
      this.#around.observer.endWritten?.(execution.id, this.id);
    };
    const entry = { kind: "ended", executionId: execution.id, end, at: this.#around.queue.nowMs } as const;
    this.#write(entry, written, isProven ? "lingers" : undefined);
  }

  #write(entry: Parameters<SimulatedJournal["append"]>[0], durable: () => void, lingers?: "lingers"): void {
    if (this.journal === undefined) return durable();
    this.journal.append(entry, () => this.soon(durable), lingers);
  }

  #tellEnd(execution: Execution, onEnd: OnEnd): void {
    const waiting = this.#onEnd.get(execution.id);
    if (waiting !== undefined) waiting.push(onEnd);
    else if (execution.state.kind === "ended") onEnd(execution.state.end.outcome === "succeeded");
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
      this.soon(() => {
        if (!this.#known.has(replicaId) || this.#streams.has(replicaId)) return;
        this.handle({ kind: "detached", replicaId });
        this.#connect(replicaId);
      });
    });
  }

  #receive(replicaId: string, stream: AgentStream, frame: ToRouter): void {
    const { hello, slots, refusals, ends, calls, unknown, cancellations } = frame;
    if (hello !== undefined && slots !== undefined) this.handle({ kind: "attached", replicaId, ...hello, slots });
    for (const { key, reason } of refusals) this.handle({ kind: "refused", key, reason });
    for (const report of ends) this.#endAttempt(stream, report);
    const replica = this.#known.get(replicaId);
    if (replica !== undefined) {
      if (hello === undefined && slots !== undefined) this.handle({ kind: "slots", replica, slots });
      for (const execution of unknown) this.#recover(execution, replica.pool);
    }
    for (const call of calls) this.#callChild(replicaId, stream, call);
    for (const executionId of cancellations) this.handle({ kind: "cancelRequested", executionId });
  }

  #callChild(replicaId: string, stream: AgentStream, call: ChildCall): void {
    const { executionId, parentId, runId, order, askedBefore } = call;
    if (askedBefore && !this.knows(executionId) && this.mayFindMore) {
      this.#around.queue.after(callAgainAfterMs, () =>
        this.soon(() => {
          if (this.#streams.get(replicaId) === stream) this.#callChild(replicaId, stream, call);
        }),
      );
      return;
    }
    const told = (): void => this.#streams.get(replicaId)?.toAgent({ kind: "childEnded", executionId });
    if (!this.submit(order, { executionId, runId, parentId }, told)) told();
  }

  #endAttempt(stream: AgentStream, { key, outcome, reason, neighbours }: AttemptReport): void {
    const end = { outcome, reason, message: reason, resultBytes: 0, neighbours, report: key };
    const counted = this.handle({ kind: "attemptEnded", key, end });
    if (counted || this.#machine.isAskedAbout(key.executionId)) return;
    const acknowledge = (): void => stream.toAgent({ kind: "acknowledge", key });
    if (this.journal === undefined) acknowledge();
    else this.journal.whenWritten(() => this.soon(acknowledge));
  }

  // Demand

  #demandChanged(): void {
    this.#around.observer.backlogChanged?.(this.backlog);
    if (this.#reporting) return;
    this.#reporting = true;
    this.#around.queue.at(this.#lastReportAt + reportEveryMsMin, () => {
      this.#reporting = false;
      this.soon(() => this.#report());
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
      this.soon(() => {
        happen();
        this.#every(periodMs, happen);
      });
    });
  }
}

const tasks: ReadonlySet<string> = new Set(["work"]);

/** A call has its caller's deadline too. */
function limitsOf({ limits }: ExecutionOrder, callersDeadline = Infinity): Limits {
  if (limits === undefined && callersDeadline === Infinity) return noLimits;
  return { ...noLimits, ...limits, deadline: Math.min(limits?.deadline ?? Infinity, callersDeadline) };
}
