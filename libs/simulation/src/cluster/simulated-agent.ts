import type { Slots } from "@hearth/agent/core";
import {
  Accounts,
  ToldSlots,
  attemptKey,
  attemptText,
  decideDrain,
  idleSince,
  type AttemptKey,
  type SlotEffect,
  type SlotEvent,
} from "@hearth/agent/core";
import type { Execution } from "@hearth/router/core";
import type { EventQueue } from "../event-queue.ts";
import {
  emptyFrame,
  type AttemptReport,
  type ChildCall,
  type ExecutionOrder,
  type SimulatedAnnouncement,
  type SimulatedOutcome,
  type ToAgent,
  type ToRouter,
  type Work,
} from "./messages.ts";
import type { Observer } from "./observer.ts";
import type { SimulatedStream, StreamEnd } from "./simulated-stream.ts";

const announceEveryMsMin = 50;
const heartbeatMs = 1_000;
const drainCheckMs = 20;
const stopGraceMs = 30_000;

/** An attempt that has not ended. */
interface LiveAttempt {
  readonly key: AttemptKey;
  readonly dispatchedBy: string;
  /** The router that has it: another one after a takeover. */
  routerId: string;
  readonly runId: string;
  readonly work: Work;
  readonly deadline: number;
  readonly execution: Execution;
  /** Calls that have not been answered, by child. */
  readonly calls: Set<string>;
  /** Whether the runner has it. */
  begun: boolean;
}

export interface AgentOptions {
  readonly replicaId: string;
  readonly pool: string;
  readonly environment: string;
  readonly version: string;
  readonly slots: Slots<string>;
  readonly heartbeats: boolean;
  /** How long a runner takes to come back after its death. */
  readonly restartMs: number;
}

/** What an agent's surroundings do for it. */
export interface AgentSurroundings {
  readonly queue: EventQueue;
  readonly observer: Observer;
  newExecutionId(): string;
  announce(announcement: SimulatedAnnouncement): void;
  /** The replica's process has ended. */
  exited(replicaId: string): void;
}

/** How an attempt ended, and what it was. */
interface EndedAttempt {
  readonly key: AttemptKey;
  readonly dispatchedBy: string;
  readonly report: AttemptReport;
  readonly execution: Execution;
  readonly receipt: number;
}

type RouterStream = SimulatedStream<ToAgent, ToRouter>;

/** An agent with a runner whose tasks only take time and call others: the loops around the real machines, in virtual time. */
export class SimulatedAgent {
  readonly replicaId: string;
  readonly options: AgentOptions;
  readonly #around: AgentSurroundings;
  readonly #slots: Slots<string>;
  readonly #accounts = new Accounts<EndedAttempt, ChildCall>();
  #receipts = 0;
  readonly #streams = new Map<string, { readonly stream: RouterStream; readonly told: ToldSlots }>();
  /** Frames that this moment fills, by router. */
  readonly #frames = new Map<string, ToRouter>();
  readonly #live = new Map<string, LiveAttempt>();
  readonly #parentOf = new Map<string, LiveAttempt>();
  readonly #working = new Set<LiveAttempt>();
  #isRunnerReady = true;
  #isAlive = true;
  #sequence = 0;
  #idleSinceMs: number;
  #lastAnnouncedAt = -Infinity;
  #announcing = false;
  #drain:
    | {
        readonly begunAtMs: number;
        readonly graceMs: number;
        readonly cause: "" | "SINGLE_USE" | "STOPPED";
        readonly reason: string;
      }
    | undefined;

  constructor(options: AgentOptions, around: AgentSurroundings) {
    this.options = options;
    this.replicaId = options.replicaId;
    this.#slots = options.slots;
    this.#around = around;
    this.#idleSinceMs = around.queue.nowMs;
    this.#announce();
    if (options.heartbeats) this.#beat();
  }

  get isAlive(): boolean {
    return this.#isAlive;
  }

  /** Attempts at work, by the runner's own count: begun, and waiting neither for calls nor for a slot. */
  get working(): number {
    return this.#working.size;
  }

  /** Attempts that hold a slot, by the slots' count. */
  get holding(): number {
    return this.#slots.busy;
  }

  /** Since when it has had no live attempt. 0 while it has one. */
  get idleSinceMs(): number {
    return this.#idleSinceMs;
  }

  get total(): number {
    return this.#slots.total;
  }

  get live(): number {
    return this.#live.size;
  }

  /** Ends that no router has acknowledged. */
  get unacknowledged(): number {
    return this.#accounts.unacknowledged;
  }

  // Routers

  /** A router opens its stream; an earlier one of the same router ends. What the adopted ones had is its own. */
  attach(routerId: string, stream: RouterStream, adoptedIds: readonly string[]): void {
    if (this.#accounts.isSuperseded(routerId)) return stream.break();
    for (const adopted of adoptedIds) {
      this.#accounts.adopt(adopted, routerId);
      this.#streams.get(adopted)?.stream.break();
      this.#streams.delete(adopted);
    }
    for (const attempt of this.#live.values()) if (adoptedIds.includes(attempt.routerId)) attempt.routerId = routerId;
    this.#streams.get(routerId)?.stream.break();
    this.#streams.set(routerId, { stream, told: new ToldSlots() });
    const frame = this.#frame(routerId);
    this.#tellSlots(routerId);
    const owed = this.#accounts.arrived(routerId);
    // What has ended is there as well: the router must not take it for lost before it reads how it ended.
    const live = [...this.#live.values()].filter((one) => one.routerId === routerId);
    const attempts = [...live, ...owed.ends];
    frame.hello = {
      live: attempts.map(({ key }) => key),
      adopted: attempts.filter(({ dispatchedBy }) => dispatchedBy !== routerId).map(({ key }) => key),
    };
    frame.ends.push(...owed.ends.map(({ report }) => report));
    frame.calls.push(...owed.calls.map((call) => ({ ...call, askedBefore: true })));
    this.#flush();
  }

  /** This side of a router's stream. */
  streamEnd(routerId: string, own: () => RouterStream): StreamEnd<ToAgent> {
    return {
      name: this.replicaId,
      receive: (message) => {
        if (!this.#isAlive) return;
        this.#receive(routerId, message);
        this.#flush();
      },
      closed: () => {
        if (this.#streams.get(routerId)?.stream !== own()) return;
        this.#streams.delete(routerId);
        this.#accounts.left(routerId);
      },
    };
  }

  /** The control plane's order. */
  drain(reason: string, graceMs: number, cause: "" | "SINGLE_USE" | "STOPPED" = ""): void {
    if (!this.#isAlive || this.#drain !== undefined) return;
    this.#drain = { begunAtMs: this.#around.queue.nowMs, graceMs, cause, reason };
    this.#step({ kind: "draining" });
    this.#flush();
    this.#checkDrain();
  }

  /** The policy's concurrency changed in place. */
  setTotal(total: number): void {
    if (!this.#isAlive || total === this.#slots.total) return;
    this.#step({ kind: "totalChanged", total });
    this.#flush();
  }

  // What the world does to it

  /** Its process is gone, without a word. */
  kill(): void {
    if (!this.#isAlive) return;
    this.#isAlive = false;
    for (const { stream } of this.#streams.values()) stream.break();
    this.#streams.clear();
    this.#around.exited(this.replicaId);
  }

  /** Its runner dies and comes back. */
  killRunner(): void {
    if (!this.#isAlive) return;
    this.#isRunnerReady = false;
    const lost = [...this.#live.values()].filter(({ begun }) => begun);
    for (const attempt of lost) this.#end(attempt, "lost", "RUNNER_CRASHED", lost.length - 1);
    this.#flush();
    this.#around.queue.after(this.options.restartMs, () => {
      this.#isRunnerReady = true;
      for (const attempt of [...this.#live.values()]) if (!attempt.begun) this.#work(attempt);
    });
  }

  // Attempts

  #receive(routerId: string, message: ToAgent): void {
    switch (message.kind) {
      case "dispatch":
        return this.#dispatch(routerId, message);
      case "cancel": {
        const attempt = this.#live.get(attemptText(message.key.executionId, message.key.attempt));
        if (attempt !== undefined) this.#end(attempt, "cancelled", "CANCELLED", 0);
        return;
      }
      case "acknowledge":
        return this.#acknowledge(routerId, attemptText(message.key.executionId, message.key.attempt));
      case "askAbout":
        return this.#tell(routerId, attemptText(message.key.executionId, message.key.attempt));
      case "childEnded":
        return this.#childEnded(message.executionId);
    }
  }

  #tell(routerId: string, key: string): void {
    const execution = this.#live.get(key)?.execution ?? this.#owed(routerId, key)?.execution;
    if (execution !== undefined) this.#frame(routerId).unknown.push(execution);
  }

  #acknowledge(routerId: string, key: string): void {
    const owed = this.#owed(routerId, key);
    if (owed !== undefined) this.#accounts.acknowledge(routerId, owed.receipt);
  }

  #owed(routerId: string, key: string): EndedAttempt | undefined {
    return this.#accounts.findEnd(routerId, (end) => end.key.text === key);
  }

  #dispatch(routerId: string, dispatch: Extract<ToAgent, { kind: "dispatch" }>): void {
    const { runId, work, deadline, execution } = dispatch;
    const key = attemptKey(dispatch.key.executionId, dispatch.key.attempt);
    this.#streams.get(routerId)?.told.dispatchReceived();
    const [effect] = this.#slots.step({ kind: "dispatched", key });
    if (effect?.kind === "refuse") this.#frame(routerId).refusals.push({ key, reason: effect.reason });
    else {
      const attempt = {
        key,
        dispatchedBy: routerId,
        routerId,
        runId,
        work,
        deadline,
        execution,
        calls: new Set<string>(),
        begun: false,
      };
      this.#live.set(key.text, attempt);
      this.#around.observer.attemptDispatchTaken?.(this, key.executionId);
      if (this.#isRunnerReady) this.#work(attempt);
    }
    this.#slotsChanged();
  }

  #work(attempt: LiveAttempt): void {
    const { key, work } = attempt;
    attempt.begun = true;
    this.#working.add(attempt);
    this.#around.observer.attemptWorked?.(this, key.executionId, key.attempt, "began");
    const calls = work.calls.length > 0;
    this.#later(attempt, calls ? work.durationMs / 2 : work.durationMs, () =>
      calls ? this.#callChildren(attempt) : this.#complete(attempt),
    );
  }

  /** Something that happens unless the attempt has ended by then. */
  #later(attempt: LiveAttempt, delayMs: number, happen: () => void): void {
    this.#around.queue.after(delayMs, () => {
      if (!this.#isAlive || this.#live.get(attempt.key.text) !== attempt) return;
      happen();
      this.#flush();
    });
  }

  #complete(attempt: LiveAttempt): void {
    const { executionId, attempt: number } = attempt.key;
    this.#around.observer.attemptWorked?.(this, executionId, number, "completed");
    const isFailure = number <= (attempt.work.failures ?? 0);
    this.#end(attempt, isFailure ? "failed" : "succeeded", isFailure ? "TASK_FAILED" : "", 0);
  }

  #end(attempt: LiveAttempt, outcome: SimulatedOutcome, reason: string, neighbours: number): void {
    const { key, dispatchedBy, routerId, execution, calls } = attempt;
    this.#live.delete(key.text);
    this.#working.delete(attempt);
    this.#around.observer.attemptGone?.(this, key.executionId);
    for (const child of calls) {
      this.#parentOf.delete(child);
      this.#accounts.settleCall(routerId, child);
      this.#frame(routerId).cancellations.push(child);
    }
    const report: AttemptReport = { key, outcome, reason, neighbours };
    const receipt = ++this.#receipts;
    this.#accounts.oweEnd(routerId, receipt, { key, dispatchedBy, report, execution, receipt }, 0);
    this.#frame(routerId).ends.push(report);
    this.#step({ kind: "ended", key });
    if (this.#slots.isServed) this.drain("it served its one execution", stopGraceMs, "SINGLE_USE");
  }

  // Calls

  #callChildren(attempt: LiveAttempt): void {
    for (const asked of attempt.work.calls) {
      const order = withDeadline(asked, attempt.deadline);
      const executionId = this.#around.newExecutionId();
      attempt.calls.add(executionId);
      this.#parentOf.set(executionId, attempt);
      const call = { executionId, parentId: attempt.key.executionId, runId: attempt.runId, order, askedBefore: false };
      this.#accounts.oweCall(attempt.routerId, executionId, call, 0);
      this.#frame(attempt.routerId).calls.push(call);
    }
    this.#working.delete(attempt);
    this.#step({ kind: "parked", key: attempt.key });
  }

  #childEnded(executionId: string): void {
    const parent = this.#parentOf.get(executionId);
    if (parent === undefined) return;
    this.#parentOf.delete(executionId);
    this.#accounts.settleCall(parent.routerId, executionId);
    this.#around.observer.parentResuming?.(this, parent.key.executionId, "waits");
    this.#step({ kind: "childEnded", parent: parent.key, end: executionId });
  }

  #deliver(key: AttemptKey, children: readonly string[]): void {
    const parent = this.#live.get(key.text);
    if (parent === undefined) return;
    this.#working.add(parent);
    this.#around.observer.parentResuming?.(this, key.executionId, "resumed");
    for (const child of children) parent.calls.delete(child);
    if (parent.calls.size > 0) {
      this.#working.delete(parent);
      this.#step({ kind: "parked", key });
    } else this.#later(parent, parent.work.durationMs / 2, () => this.#complete(parent));
  }

  // Slots

  #step(event: SlotEvent<string>): void {
    const effects: readonly SlotEffect<string>[] = this.#slots.step(event);
    this.#slotsChanged();
    for (const effect of effects) if (effect.kind === "deliver") this.#deliver(effect.key, effect.ends);
  }

  #slotsChanged(): void {
    for (const routerId of this.#streams.keys()) this.#tellSlots(routerId);
    this.#around.observer.agentChanged?.(this);
    this.#idleSinceMs = idleSince(this.#idleSinceMs, this.#slots.live, this.#around.queue.nowMs);
    this.#planAnnouncement();
  }

  #tellSlots(routerId: string): void {
    const told = this.#streams.get(routerId)?.told;
    if (told?.mustTell(this.#slots) !== true) return;
    const { total, free } = this.#slots;
    this.#frame(routerId).slots = { total, free, seen: told.seen };
  }

  #frame(routerId: string): ToRouter {
    let frame = this.#frames.get(routerId);
    if (frame === undefined) {
      frame = emptyFrame();
      this.#frames.set(routerId, frame);
    }
    return frame;
  }

  #flush(): void {
    for (const [routerId, frame] of this.#frames) this.#streams.get(routerId)?.stream.toRouter(frame);
    this.#frames.clear();
  }

  // Announcements

  #beat(): void {
    this.#around.queue.after(heartbeatMs, () => {
      if (!this.#isAlive) return;
      this.#announce();
      this.#beat();
    });
  }

  #planAnnouncement(): void {
    if (this.#announcing) return;
    this.#announcing = true;
    this.#around.queue.at(this.#lastAnnouncedAt + announceEveryMsMin, () => {
      this.#announcing = false;
      if (this.#isAlive) this.#announce();
    });
  }

  #announce(): void {
    this.#lastAnnouncedAt = this.#around.queue.nowMs;
    this.#around.announce(this.#announcement(this.#drain === undefined ? "ready" : "draining"));
  }

  #announcement(state: SimulatedAnnouncement["state"]): SimulatedAnnouncement {
    const { replicaId, pool, environment, version } = this.options;
    const { total, free, busy, lent, taken } = this.#slots;
    // Made for every change of every replica: literals cost a fraction of spreads.
    return {
      replicaId,
      pool,
      environment,
      version,
      state,
      cause: this.#drain?.cause ?? "",
      reason: this.#drain?.reason ?? "",
      sequence: ++this.#sequence,
      total,
      free,
      busy,
      lent,
      executions: taken,
      idleSinceMs: this.#idleSinceMs === 0 ? undefined : this.#idleSinceMs,
    };
  }

  // Drain

  #checkDrain(): void {
    if (!this.#isAlive || this.#drain === undefined) return;
    const { unacknowledged } = this;
    const { queue } = this.#around;
    const decision = decideDrain(
      { ...this.#drain, live: this.#live.size, idleSinceMs: this.#idleSinceMs, unacknowledged },
      queue.nowMs,
    );
    if (decision.kind === "end") {
      this.#around.announce(this.#announcement("ended"));
      return this.kill();
    }
    if (decision.kind === "giveUp") {
      for (const attempt of [...this.#live.values()]) this.#end(attempt, "lost", "GRACE_PERIOD_OVER", 0);
      this.#flush();
    }
    queue.after(drainCheckMs, () => this.#checkDrain());
  }
}

/** The call as its agent makes it: with its caller's deadline when that is sooner. */
function withDeadline(order: ExecutionOrder, callersDeadline: number): ExecutionOrder {
  if (callersDeadline === Infinity) return order;
  const deadline = Math.min(order.limits?.deadline ?? Infinity, callersDeadline);
  return { ...order, limits: { ...order.limits, deadline } };
}
