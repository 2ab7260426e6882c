import type { Clock } from "@hearth/clock";
import { inlineBytesMax, payloadBytesMax } from "@hearth/payloads/bounds";
import { NumberedMap } from "@hearth/passing-map";
import type { PayloadStore, StoredPayload } from "@hearth/payloads";
import {
  Outcome,
  type AttachResponse,
  type AttemptEnd,
  type Dispatch,
  type ExecutionEnd,
  type Failure,
} from "@hearth/proto";
import type { Frame, WireFailure } from "@hearth/runner-protocol";
import type { FrameOutbox } from "@hearth/rpc";
import type { Logger, Span, SpanDescription, Tracing } from "@hearth/telemetry";
import type { AgentConfig } from "../config.ts";
import type { End } from "../core/end-cause.ts";
import { decideReplacement } from "../core/decide-replacement.ts";
import type { DeathCause } from "../core/explain-death.ts";
import { attemptKey, attemptText, Slots, type AttemptKey, type SlotEffect, type SlotEvent } from "../core/slots.ts";
import { failure, payloadFailure, tooLarge } from "../io/failures.ts";
import { toFailure, toMoment, toOutcome, toPayload, toRequest } from "../io/translate.ts";
import type { SlotState } from "./announce-slots.ts";
import { ChildCalls, type Answer, type Parent } from "./child-calls.ts";
import type { AttemptOutput, OutputCollector } from "./collect-output.ts";
import { RouterStreams } from "./router-streams.ts";
import type { RunnerEvents, RunnerSupervisor } from "./supervise-runner.ts";

/** How often a runner is looked at that has to be replaced. */
const lookEveryMs = 250;

/** An attempt that has not ended. Of a class, as messages that are read are. */
class LiveAttempt implements Parent {
  readonly key: AttemptKey;
  /** What the runner calls it. */
  readonly handle: number;
  readonly dispatch: Dispatch;
  readonly dispatchedBy: string;
  routerId: string;
  readonly span: Span;
  /** Undefined until it prints. */
  output: AttemptOutput | undefined = undefined;
  calls: Parent["calls"] = undefined;
  /** Undefined while they come from the object store, and once the runner has them. */
  arguments: Uint8Array | undefined;
  /** Whether the runner has it. */
  sent = false;
  /** Its result is on its way to the object store: the runner has done with it, and nothing ends it otherwise. */
  isStoring = false;
  isCancelled = false;
  hasEnded = false;
  /** When the runner was given it, and once it has ended, when it began with it. 0: it did not. */
  startedAt = 0;

  constructor(key: AttemptKey, handle: number, dispatch: Dispatch, routerId: string, span: Span) {
    this.key = key;
    this.handle = handle;
    this.dispatch = dispatch;
    this.dispatchedBy = routerId;
    this.routerId = routerId;
    this.span = span;
    const { inline = nothing, stored } = dispatch.arguments ?? {};
    this.arguments = stored === undefined ? inline : undefined;
  }
}

/**
 * The one owner of the attempts of this replica. Dispatches come in from routers, frames from the runner; `Slots` decides
 * who may run, and its effects are carried out here at once.
 */
export class Attempts implements RunnerEvents {
  readonly #config: AgentConfig;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #tracing: Tracing;
  readonly #runner: RunnerSupervisor;
  readonly #output: OutputCollector;
  readonly #payloads: Pick<PayloadStore, "put" | "get">;
  readonly #slots: Slots<Answer>;
  readonly #routers: RouterStreams;
  readonly #calls: ChildCalls;
  readonly #changed: () => void;
  readonly #finished: (end: End) => void;
  /** Those that have not ended, by what the runner calls them. */
  readonly #live = new NumberedMap<LiveAttempt>();
  #handles = 0;
  /** Attempts that were given up while their code went on in the runner. */
  #ignored = 0;
  /** When the runner was last asked whether it lets anything run, while it has not answered. */
  #askedAt: number | undefined;
  #goes: End = { cause: "", reason: "" };

  constructor(options: {
    readonly config: AgentConfig;
    readonly clock: Clock;
    readonly logger: Logger;
    readonly tracing: Tracing;
    readonly runner: RunnerSupervisor;
    readonly output: OutputCollector;
    readonly payloads: Pick<PayloadStore, "put" | "get">;
    /** Called after anything about the slots has changed. */
    readonly changed: () => void;
    /** Called when this replica has nothing more to do, with why. */
    readonly finished: (end: End) => void;
  }) {
    this.#config = options.config;
    this.#clock = options.clock;
    this.#logger = options.logger;
    this.#tracing = options.tracing;
    this.#runner = options.runner;
    this.#output = options.output;
    this.#payloads = options.payloads;
    this.#changed = options.changed;
    this.#finished = options.finished;
    this.#slots = new Slots(options.config.concurrency, options.config.singleUse);
    this.#routers = new RouterStreams((routerId) =>
      this.#logger.error({ routerId }, "outcome dropped: its router stayed away"),
    );
    const answer = (parent: AttemptKey, end: Answer): void => this.#step({ kind: "childEnded", parent, end });
    this.#calls = new ChildCalls({ clock: this.#clock, routers: this.#routers, payloads: this.#payloads, answer });
  }

  get state(): SlotState {
    const { total, free, busy, lent, draining, taken } = this.#slots;
    const { pid: runnerPid, heldBytes: memoryBytes } = this.#runner;
    return {
      ...{ total, free, busy, lent, draining, end: this.#goes },
      ...{ executions: taken, runnerPid, memoryBytes },
    };
  }

  /** Whether attempts get somewhere: before that the code is being loaded. */
  get isReady(): boolean {
    return this.#runner.wasReady;
  }

  /** Attempts that have not ended. */
  get live(): number {
    return this.#live.size;
  }

  /** Ends that no router has acknowledged. */
  get unacknowledged(): number {
    return this.#routers.unacknowledged;
  }

  // Routers

  /** Whether another router has taken over what this one had: then it has nothing to say here. */
  isSuperseded(routerId: string): boolean {
    return this.#routers.isSuperseded(routerId);
  }

  /** Opens a router's stream; what the routers it has taken over had here is its own. */
  openStream(routerId: string, adoptedIds: readonly string[]): FrameOutbox<AttachResponse> {
    this.#routers.adopt(adoptedIds, routerId);
    for (const attempt of this.#live.values()) {
      if (adoptedIds.includes(attempt.routerId)) attempt.routerId = routerId;
    }
    const { replicaId, pool, version } = this.#config;
    const live = [...this.#live.values()].filter((attempt) => attempt.routerId === routerId);
    return this.#routers.open(routerId, { replicaId, pool, version }, live, this.#slots);
  }

  closeStream(routerId: string, outbox: FrameOutbox<AttachResponse>): void {
    this.#routers.close(routerId, outbox);
  }

  endStreams(): void {
    this.#routers.endAll();
  }

  dispatch(routerId: string, dispatch: Dispatch): void {
    this.#routers.dispatchSeen(routerId);
    const key = attemptKey(dispatch.executionId, dispatch.attempt);
    const [effect] = this.#slots.step({ kind: "dispatched", key });
    if (effect?.kind === "refuse") this.#routers.refuse(routerId, key.executionId, key.attempt, effect.reason);
    else this.#begin(routerId, dispatch, key);
    this.#slotsChanged();
  }

  cancel(executionId: string, number: number): void {
    const attempt = this.#find(attemptText(executionId, number));
    if (attempt === undefined || attempt.isStoring) return;
    if (!attempt.sent) {
      const why = failure("CANCELLED", "It was cancelled before the runner had it.");
      return this.#end(attempt, Outcome.CANCELLED, { failure: why });
    }
    this.#runner.send({ kind: "cancel", header: { attempt: attempt.handle }, body: nothing });
    if (attempt.isCancelled) return;
    attempt.isCancelled = true;
    this.#clock.after(this.#config.cancelGraceMs, () => this.#giveUpCancelled(attempt));
  }

  /** The code goes on though it was cancelled: for its router it has ended, and its runner takes nothing new until it is replaced. */
  #giveUpCancelled(attempt: LiveAttempt): void {
    if (attempt.hasEnded || !isInRunner(attempt)) return;
    this.#ignored += 1;
    this.#step({ kind: "retiring", is: true });
    const message = `It was cancelled and went on for ${this.#config.cancelGraceMs / 1_000} s. Its runner is replaced.`;
    this.#end(attempt, Outcome.CANCELLED, { failure: failure("CANCELLED", message) });
    if (this.#ignored === 1) this.#look();
  }

  /** Looks whether a runner with code that ignored its cancellation can be replaced, until it was. */
  #look(): void {
    if (this.#ignored === 0) return;
    const now = this.#clock.now();
    const live = [...this.#live.values()].filter(isInRunner).length;
    const unansweredMs = this.#askedAt === undefined ? 0 : now - this.#askedAt;
    const decision = decideReplacement({ ignored: this.#ignored, live, unansweredMs });
    if (decision.kind === "replace") return this.#runner.replace(decision.reason);
    if (this.#askedAt === undefined) {
      this.#askedAt = now;
      this.#runner.send({ kind: "ping", header: {}, body: nothing });
    }
    this.#clock.after(lookEveryMs, () => this.#look());
  }

  acknowledge(routerId: string, receipt: number): void {
    this.#routers.acknowledge(routerId, receipt);
  }

  acknowledgeAttempt(routerId: string, executionId: string, number: number): void {
    this.#routers.acknowledgeAttempt(routerId, executionId, number);
  }

  /** A router does not know what an attempt was that is here, or ended here: its own router died over it. */
  tellExecution(routerId: string, executionId: string, number: number): void {
    const live = this.#find(attemptText(executionId, number));
    const dispatch = live?.dispatch ?? this.#routers.dispatchOf(routerId, executionId, number);
    if (dispatch?.request !== undefined) this.#routers.tellExecution(routerId, toRequest(dispatch, dispatch.request));
  }

  childEnded(end: ExecutionEnd): void {
    this.#calls.ended(end);
  }

  childRejected(childId: string, why: Failure | undefined): void {
    this.#calls.rejected(childId, why);
  }

  // Drain

  /** Takes nothing new from now on. */
  drain(end: End): void {
    if (this.#slots.draining) return;
    this.#goes = end;
    this.#step({ kind: "draining" });
  }

  /** Ends what still runs: the grace period is over. */
  giveUp(): void {
    for (const attempt of [...this.#live.values()]) {
      this.#end(attempt, Outcome.LOST, {
        failure: failure(
          "GRACE_PERIOD_OVER",
          `The replica had to end: ${this.#goes.reason}. Its grace period is over.`,
        ),
      });
    }
  }

  /** Concurrency changes in place. */
  setTotal(total: number): void {
    if (total !== this.#slots.total) this.#step({ kind: "totalChanged", total });
  }

  // Runner

  loaded(): void {
    for (const attempt of [...this.#live.values()]) this.#sendWhenReady(attempt);
    this.#changed();
  }

  loadFailed(reason: WireFailure): void {
    for (const attempt of [...this.#live.values()]) this.#end(attempt, Outcome.FAILED, { failure: toFailure(reason) });
    this.#changed();
  }

  /** What the runner had is lost; what it did not have yet waits for the next one. */
  crashed({ reason, message }: DeathCause): void {
    const lost = [...this.#live.values()].filter(isInRunner);
    const why = failure(reason, `The runner died while it had the attempt: ${message}`);
    const neighbours = lost.length - 1 + this.#ignored;
    this.#ignored = 0;
    this.#askedAt = undefined;
    this.#step({ kind: "retiring", is: false });
    for (const attempt of lost) this.#end(attempt, Outcome.LOST, { failure: why, neighbours });
    this.#changed();
  }

  /** What waits for a runner here must wait elsewhere. */
  hopeless({ message }: DeathCause): void {
    const why = failure("REPLICA_LOST", `The replica could not start its runner: ${message}`);
    for (const attempt of [...this.#live.values()]) this.#end(attempt, Outcome.LOST, { failure: why });
    const reason = `its runner died again and again before the code was loaded: ${message}`;
    this.#finished({ cause: "START_FAILED", reason });
  }

  frame(frame: Frame): void {
    switch (frame.kind) {
      case "ended":
        return this.#ended(frame);
      case "log":
        return this.#printed(frame);
      case "call": {
        const parent = this.#inRunner(frame.header.attempt);
        if (parent !== undefined) this.#calls.call(parent, frame);
        return;
      }
      case "cancelCall":
        return this.#calls.cancel(frame.header.call);
      case "pong":
        this.#askedAt = undefined;
        return;
      case "park": {
        const attempt = this.#inRunner(frame.header.attempt);
        if (attempt !== undefined) this.#step({ kind: "parked", key: attempt.key });
        return;
      }
      default:
        this.#logger.warn({ kind: frame.kind }, "runner sent a frame that is not its to send");
    }
  }

  #printed(frame: Extract<Frame, { kind: "log" }>): void {
    const attempt = this.#inRunner(frame.header.attempt);
    if (attempt === undefined) return;
    attempt.output ??= this.#output.attempt({ runId: attempt.dispatch.runId, ...attempt.key });
    attempt.output.take(frame);
  }

  // Attempts

  /** The attempt of this key, for what happens seldom: all are looked at. */
  #find(key: string): LiveAttempt | undefined {
    for (const attempt of this.#live.values()) if (attempt.key.text === key) return attempt;
    return undefined;
  }

  /** The attempt that the runner calls so, unless the runner has done with it. */
  #inRunner(handle: number): LiveAttempt | undefined {
    const attempt = this.#live.get(handle);
    return attempt?.isStoring === true ? undefined : attempt;
  }

  readonly #describe = ({ task, executionId, attempt }: Dispatch): SpanDescription => {
    const attributes = {
      "hearth.environment": this.#config.environment,
      "hearth.task": task,
      "hearth.replica": this.#config.replicaId,
      "hearth.execution": executionId,
      "hearth.attempt": attempt,
    };
    return { name: `task ${task}`, kind: "consumer", attributes };
  };

  #begin(routerId: string, dispatch: Dispatch, key: AttemptKey): void {
    const span = this.#tracing.start(dispatch, this.#describe, dispatch);
    const attempt = new LiveAttempt(key, ++this.#handles, dispatch, routerId, span);
    this.#live.set(attempt.handle, attempt);
    const { state } = this.#runner;
    if (state.kind === "failed") return this.#end(attempt, Outcome.FAILED, { failure: toFailure(state.failure) });
    if (dispatch.arguments?.stored === undefined) this.#sendWhenReady(attempt);
    else void this.#fetchArguments(attempt, dispatch.arguments.stored);
  }

  async #fetchArguments(attempt: LiveAttempt, { sha256 }: StoredPayload): Promise<void> {
    try {
      attempt.arguments = await this.#payloads.get(sha256);
      this.#sendWhenReady(attempt);
    } catch (error) {
      this.#endWithoutPayload(attempt, error);
    }
  }

  /** Until the runner is loaded, and its arguments are here, an attempt waits with its slot. */
  #sendWhenReady(attempt: LiveAttempt): void {
    if (attempt.sent || attempt.arguments === undefined || attempt.hasEnded) return;
    if (this.#runner.state.kind === "loaded") this.#send(attempt, attempt.arguments);
  }

  /** Another attempt may do better when NATS did not answer. */
  #endWithoutPayload(attempt: LiveAttempt, error: unknown): void {
    if (attempt.hasEnded) return;
    const why = payloadFailure(error);
    this.#end(attempt, why.reason === "NATS_UNAVAILABLE" ? Outcome.LOST : Outcome.FAILED, { failure: why });
  }

  #send(attempt: LiveAttempt, body: Uint8Array): void {
    const { dispatch, key, handle, span } = attempt;
    attempt.sent = true;
    attempt.arguments = undefined;
    attempt.startedAt = this.#clock.now();
    const { traceparent, tracestate, unsampled } = span.context;
    const header = {
      attempt: handle,
      execution: key.executionId,
      number: key.attempt,
      run: dispatch.runId,
      task: dispatch.task,
      // What is undefined is left out.
      deadlineUnixMs: dispatch.deadlineUnixMs || undefined,
      traceparent: traceparent || undefined,
      tracestate: tracestate || undefined,
      unsampled: unsampled || undefined,
    };
    const tooLarge = this.#sendFrame({ kind: "execute", header, body });
    if (tooLarge !== undefined) this.#end(attempt, Outcome.FAILED, { failure: tooLarge });
  }

  #ended(frame: Extract<Frame, { kind: "ended" }>): void {
    const attempt = this.#inRunner(frame.header.attempt);
    if (attempt === undefined) return;
    attempt.startedAt = toMoment(frame.header.startedUnixMs);
    const outcome = toOutcome(frame.header.outcome);
    if (outcome !== Outcome.SUCCEEDED) return this.#end(attempt, outcome, { failure: toFailure(frame.header.failure) });
    if (frame.body.length <= inlineBytesMax) return this.#end(attempt, outcome, { result: frame.body });
    if (frame.body.length <= payloadBytesMax) return void this.#storeResult(attempt, frame.body);
    this.#end(attempt, Outcome.FAILED, { failure: tooLarge("The result", frame.body.length) });
  }

  async #storeResult(attempt: LiveAttempt, result: Uint8Array): Promise<void> {
    attempt.isStoring = true;
    this.#calls.abandonAll(attempt);
    try {
      const stored = await this.#payloads.put(result);
      if (!attempt.hasEnded) this.#end(attempt, Outcome.SUCCEEDED, { result: stored });
    } catch (error) {
      this.#endWithoutPayload(attempt, error);
    }
  }

  #end(
    attempt: LiveAttempt,
    outcome: Outcome,
    what: { readonly result?: Uint8Array | StoredPayload; readonly failure?: Failure; readonly neighbours?: number },
  ): void {
    const { key, handle, routerId, span, startedAt, output } = attempt;
    attempt.hasEnded = true;
    this.#live.take(handle);
    this.#calls.abandonAll(attempt);
    output?.end();
    const end: AttemptEnd = {
      $typeName: "hearth.v1.AttemptEnd",
      executionId: key.executionId,
      attempt: key.attempt,
      outcome,
      startedUnixMs: startedAt,
      endedUnixMs: this.#clock.now(),
      runnerPid: this.#runner.pid,
      neighbours: what.neighbours ?? 0,
      receipt: 0,
    };
    if (what.result !== undefined) end.result = toPayload(what.result);
    if (what.failure !== undefined) end.failure = what.failure;
    span.end(what.failure === undefined ? {} : { error: what.failure.reason });
    this.#routers.end(routerId, end, attempt);
    this.#step({ kind: "ended", key });
    if (this.#slots.isServed) this.#finished({ cause: "SINGLE_USE", reason: "it served its one execution" });
  }

  // Slots

  #step(event: SlotEvent<Answer>): void {
    for (const effect of this.#slots.step(event)) this.#carryOut(effect);
    this.#slotsChanged();
  }

  #carryOut(effect: SlotEffect<Answer>): void {
    // Dispatches are answered where they arrive; what is left is to tell parents of their children.
    if (effect.kind === "deliver") effect.ends.forEach((answer) => this.#answer(answer));
  }

  #answer(answer: Answer): void {
    const why = this.#sendFrame(answer);
    if (why === undefined) return;
    const failure = { reason: why.reason, message: why.message };
    const header = { call: answer.header.call, outcome: "failed", failure } as const;
    this.#runner.send({ kind: "callEnded", header, body: nothing });
  }

  /** Why not, when what a router sent does not fit into a frame. */
  #sendFrame(frame: Frame): Failure | undefined {
    try {
      this.#runner.send(frame);
      return undefined;
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      return failure("PAYLOAD_TOO_LARGE", `What the runner is to be told is too large: ${error.message}`);
    }
  }

  #slotsChanged(): void {
    this.#routers.tellSlots(this.#slots);
    this.#changed();
  }
}

const nothing = new Uint8Array();

/** Whether an attempt dies with the runner. */
function isInRunner({ sent, isStoring }: LiveAttempt): boolean {
  return sent && !isStoring;
}
