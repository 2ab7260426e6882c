import type { Clock, Timer } from "@hearth/clock";
import { fitMessage, HearthError } from "@hearth/errors";
import { Scope, type Environment, type ExecutionEnd, type ExecutionRequest, type Task } from "@hearth/proto";
import type { Span, SpanDescription, Tracing } from "@hearth/telemetry";
import { decideAdmission, type AdmissionBounds, type Rejection } from "../core/admit.ts";
import { choosePool } from "../core/choose-pool.ts";
import type { RouterEffect, RouterEvent } from "../core/events.ts";
import type { Attempt, AttemptEnd, Execution } from "../core/execution.ts";
import { provesItself } from "../core/proves-itself.ts";
import type { Replica } from "../core/replica.ts";
import type { RouterMachine } from "../core/router-machine.ts";
import type { AgentConnection } from "../io/agent-connection.ts";
import {
  acceptedRecord,
  attemptEndedRecord,
  carriedRecord,
  dispatchedRecord,
  endedRecord,
} from "../io/journal-records.ts";
import type { Durability, Journal } from "../io/journal.ts";
import { KeptBytes } from "../io/kept-bytes.ts";
import { KeptExecutions } from "../io/kept-executions.ts";
import type { RouterMetrics } from "../io/router-metrics.ts";
import { argumentBytesOf, newExecution, runIdOf } from "../io/new-execution.ts";
import { fillLimits } from "../io/read-limits.ts";
import { checkRequest, settleIds, fingerprint, keepAlone, keepNames, policyKey } from "../io/read-request.ts";
import { reportOf, toExecutionEnd, toFacts } from "../io/translate.ts";

/** Who waits for the end of an execution. */
export interface Asker {
  /** It is told once. */
  ended(end: ExecutionEnd): void;
}

/** An execution that was accepted, here or at another router, now or before. */
export interface Accepted {
  readonly kind: "accepted";
  readonly executionId: string;
  /** Whether it is in the journal. There is a promise only where somebody wants one. */
  readonly durability: Pick<Durability, "reached">;
}

/** What this loop asks of the streams to agents. */
export interface Agents {
  attach(replica: Replica): void;
  reattach(replica: Replica): void;
  forget(replica: Replica): void;
  /** The open stream to a replica. */
  connection(replicaId: string): AgentConnection | undefined;
}

/** A router acts on what it has for this long after it last knew that nobody had taken over: less than others wait before. */
const ownForMs = 4_000;

/**
 * Outcomes are told before their executions are in the journal while no more than this is to be written. If NATS stands still,
 * agents are to keep this much for it, and not all that is done meanwhile.
 */
const provenByAgentsBytesMax = 16 * 1024 * 1024;

/**
 * An execution that waits among more than this lets the record of its acceptance go, which takes 250 bytes: when it has ended, what is
 * kept of it is written once more.
 */
const recordsHeldMax = 20_000;

/** Node's timers take no longer delay. */
const timerMsMax = 2 ** 31 - 1;

/** An environment that executions may be asked of, and its tasks. */
interface Deployed {
  readonly environment: Environment;
  readonly declared: ReadonlyMap<string, Task>;
  readonly tasks: ReadonlySet<string>;
}

/** Who wants to hear of an execution whose end was not told. There are as many as executions wait: it is kept small. */
interface Audience {
  /** Who asked for it. Undefined: nobody waits. */
  readonly asker: Asker | undefined;
  /** Who asked for the same again. */
  others: Asker[] | undefined;
  /** Undefined until somebody watches. */
  watchers: Set<() => void> | undefined;
  /** Undefined while nothing is traced. */
  readonly span: Span | undefined;
}

function audienceOf({ audience }: Execution): Audience | undefined {
  return audience as Audience | undefined;
}

/**
 * The one owner of the router's machine. Everything that happens goes in through `submit` or `handle`, and the machine's
 * effects are carried out here, in order, before anything else happens.
 */
export class Executions {
  readonly #machine: RouterMachine;
  readonly #journal: Journal;
  readonly #tracing: Tracing;
  readonly #metrics: RouterMetrics;
  readonly #clock: Clock;
  readonly #bounds: AdmissionBounds;
  readonly #agents: Agents;
  readonly #demandChanged: () => void;
  readonly #keyForgotten: (idempotencyKey: string) => void;
  readonly #environments = new Map<string, Deployed>();
  readonly #keptBytes = new KeptBytes();
  readonly #kept = new KeptExecutions();
  #live = 0;
  #journalIsOwn = true;
  #draining = false;
  /** For the machine's next due time, or one before it. */
  #alarm: { readonly at: number; readonly timer: Timer } | undefined;

  constructor(options: {
    readonly machine: RouterMachine;
    readonly journal: Journal;
    readonly tracing: Tracing;
    readonly metrics: RouterMetrics;
    readonly clock: Clock;
    readonly bounds: AdmissionBounds;
    readonly agents: Agents;
    /** Called when the backlog or the busy slots may have changed. */
    readonly demandChanged: () => void;
    /** Called when the key may stand for another execution. */
    readonly keyForgotten: (idempotencyKey: string) => void;
  }) {
    this.#machine = options.machine;
    this.#journal = options.journal;
    this.#tracing = options.tracing;
    this.#metrics = options.metrics;
    this.#clock = options.clock;
    this.#bounds = options.bounds;
    this.#agents = options.agents;
    this.#demandChanged = options.demandChanged;
    this.#keyForgotten = options.keyForgotten;
  }

  /** How many executions have not ended. */
  get live(): number {
    return this.#live;
  }

  /** From now on nothing new is accepted. */
  drain(): void {
    this.#draining = true;
  }

  putEnvironment(environment: Environment): void {
    const declared = new Map(environment.version?.spec?.tasks.map((task) => [task.name, task]));
    this.#environments.set(environment.name, { environment, declared, tasks: new Set(declared.keys()) });
    this.handle({ kind: "environmentChanged", name: environment.name, environment: toFacts(environment) });
  }

  deleteEnvironment(name: string): void {
    this.#environments.delete(name);
    this.handle({ kind: "environmentDeleted", name });
  }

  /**
   * Accepts an execution, or finds the one that the request repeats. `asker` is told when it has ended, at once if it has. Throws a
   * `HearthError` when a field of the request is out of its bounds. A rejection is no error: who rejects tens of thousands a second
   * could do as much again for what it costs to throw them.
   */
  submit(request: ExecutionRequest, asker?: Asker): Accepted | Rejection {
    checkRequest(request);
    const now = this.#clock.now();
    const earlier = this.#earlier(request);
    settleIds(request, now);
    const parent = this.#machine.execution(request.parentId);
    request.priority ??= parent?.priority ?? 0;
    const deployed = this.#environments.get(request.environment);
    const task = deployed?.declared.get(request.task);
    fillLimits(request, task, parent?.limits.deadline ?? Infinity);
    if (deployed !== undefined && task !== undefined) keepNames(request, deployed.environment.name, task.name);
    const { policyOverride, freshReplica } = request;
    const pool = choosePool({
      environment: request.environment,
      runId: runIdOf(request),
      scope: deployed?.environment.policy?.scope === Scope.RUN ? "run" : "global",
      policyOverride: policyOverride === undefined ? "" : policyKey(policyOverride),
      freshReplica,
    });
    const { environment, idempotencyKey } = request;
    const argumentBytes = argumentBytesOf(request);
    const admission = decideAdmission({
      // What it has it finishes, with all that this calls.
      draining: this.#draining && parent === undefined,
      journalAvailable: this.#journal.available,
      request: { environment, task: request.task, argumentBytes, idempotencyKey },
      repeats: earlier && fingerprint(earlier.request as ExecutionRequest) === fingerprint(request),
      tasks: deployed?.tasks,
      backlog: this.#machine.backlogOf(pool),
      bounds: this.#bounds,
    });
    if (admission.kind === "reject") {
      this.#metrics.rejected(admission.reason);
      return { ...admission, message: fitMessage(admission.message) };
    }
    if (earlier !== undefined) {
      if (asker !== undefined) this.#tellEnd(earlier, asker);
      return { kind: "accepted", executionId: earlier.id, durability: { reached: this.#journal.written() } };
    }
    const durability = this.#accept(newExecution(request, pool, now), asker, now);
    return { kind: "accepted", executionId: request.executionId, durability };
  }

  /**
   * Accepts what a replica of the pool has an attempt of, and no journal tells of: the router that had accepted it died over it.
   * Does nothing when that is known by now. Throws a `HearthError` when a field of the request is out of its bounds.
   */
  recover(request: ExecutionRequest, pool: string): void {
    if (!this.#machine.isAskedAbout(request.executionId)) return;
    checkRequest(request);
    const now = this.#clock.now();
    this.#accept(newExecution(request, pool, now), undefined, now);
  }

  #accept(execution: Execution, asker: Asker | undefined, now: number): Durability {
    const request = execution.request as ExecutionRequest;
    keepAlone(request, this.#keptBytes);
    const effects = this.#step({ kind: "admitted", execution, policyOverride: request.policyOverride }, now);
    const [first] = effects;
    const atOnce = first?.kind === "dispatch" && first.execution === execution ? first : undefined;
    execution.mark = this.#journal.begin();
    // Who waits for the outcome is told it on its agent's word. Who does not waits for the record.
    const lingers = asker === undefined ? undefined : "lingers";
    const accepted = this.#journal.append(acceptedRecord(request, execution.pool, now, atOnce?.attempt), lingers);
    this.#expectEnd(execution, asker);
    if (atOnce !== undefined || this.#live < recordsHeldMax) execution.accepted = accepted;
    if (atOnce !== undefined) {
      execution.dispatched = accepted;
      this.#dispatch(atOnce.replica, execution, atOnce.attempt);
    }
    this.#carryOutAll(effects, now, atOnce === undefined ? 0 : 1);
    this.#setAlarm(now);
    return accepted;
  }

  /** Goes on with what another router had accepted. It is in this one's journal. */
  adopt(executions: readonly Execution[]): void {
    const now = this.#clock.now();
    for (const execution of executions) {
      if (this.knows(execution.id)) this.#forgetMark(execution);
      else if (execution.state.kind !== "ended") this.#expectEnd(execution, undefined);
    }
    const policyOverrides = new Map(
      executions.flatMap(({ pool, request }) => {
        const { policyOverride } = request as ExecutionRequest;
        return policyOverride === undefined ? [] : [[pool, policyOverride] as const];
      }),
    );
    this.#handle({ kind: "adopted", executions, policyOverrides }, now);
  }

  #expectEnd(execution: Execution, asker: Asker | undefined): void {
    const parent = execution.request as ExecutionRequest;
    const span = this.#tracing.on ? this.#tracing.start(parent, describe, execution) : undefined;
    const audience: Audience = { asker, others: undefined, watchers: undefined, span };
    execution.audience = audience;
    this.#live += 1;
  }

  #forgetMark(execution: Execution): void {
    if (execution.mark !== undefined) this.#journal.forget(execution.mark);
    execution.mark = undefined;
  }

  /** Whether this router has the execution, ended or not. */
  knows(executionId: string): boolean {
    return this.#machine.execution(executionId) !== undefined;
  }

  /** Whether a replica has an attempt of the execution, which this router does not know, and was asked what it is. */
  isAskedAbout(executionId: string): boolean {
    return this.#machine.isAskedAbout(executionId);
  }

  /** Whether executions that this router does not have may be its own all the same, as replicas have not said yet. */
  get mayFindMore(): boolean {
    return this.#machine.mayFindMore(this.#clock.now());
  }

  /** Whether this router has the execution that the key stands for. */
  knowsKey(idempotencyKey: string): boolean {
    return this.#machine.executionByKey(idempotencyKey) !== undefined;
  }

  /** The execution with this id. Throws EXECUTION_NOT_FOUND. */
  get(executionId: string): Execution {
    const execution = this.#machine.execution(executionId);
    if (execution !== undefined) return execution;
    throw new HearthError("EXECUTION_NOT_FOUND", `This router does not know an execution "${executionId}".`);
  }

  /** Whether it has ended, and nobody may hear of that yet: it is not in the journal. */
  isUntold(execution: Execution): boolean {
    return execution.state.kind === "ended" && execution.audience !== undefined;
  }

  /** Resolves once all that has happened so far is in the journal. */
  written(): Promise<void> {
    return this.#journal.written();
  }

  /** Asks for an execution to end. Throws EXECUTION_NOT_FOUND. */
  cancel(executionId: string): void {
    this.get(executionId);
    this.handle({ kind: "cancelRequested", executionId });
  }

  /** Calls back after every change until the returned function is called, or the execution has ended. */
  watch(executionId: string, changed: () => void): () => void {
    const execution = this.#machine.execution(executionId);
    const audience = execution && audienceOf(execution);
    if (audience === undefined) return () => undefined;
    const watchers = (audience.watchers ??= new Set());
    watchers.add(changed);
    return () => void watchers.delete(changed);
  }

  /** Lets something happen and carries out what follows from it. False when nothing did. */
  handle(event: RouterEvent): boolean {
    return this.#handle(event, this.#clock.now());
  }

  #handle(event: RouterEvent, now: number): boolean {
    const effects = this.#step(event, now);
    this.#carryOutAll(effects, now);
    this.#setAlarm(now);
    return effects.length > 0;
  }

  /** What is to be done about an event, after all that came before it was done. */
  #step(event: RouterEvent, now: number): readonly RouterEffect[] {
    // It may have been stopped for so long that another router took over, and learns of that only by and by.
    const journalIsOwn = this.#journal.ownAt + ownForMs > now;
    if (journalIsOwn !== this.#journalIsOwn) {
      this.#journalIsOwn = journalIsOwn;
      this.#carryOutAll(this.#machine.step({ kind: "journal", isOwn: journalIsOwn }, now), now);
    }
    this.#passTime(now);
    return this.#machine.step(event, now);
  }

  #passTime(now: number): void {
    if (this.#machine.nextDueAt <= now) this.#carryOutAll(this.#machine.step({ kind: "due" }, now), now);
  }

  /** One that rings too early, because what it was for has ended, is set anew then: most never ring. */
  #setAlarm(now: number): void {
    const at = this.#machine.nextDueAt;
    if (at === Infinity || (this.#alarm !== undefined && this.#alarm.at <= at)) return;
    this.#alarm?.timer.cancel();
    const ring = (): void => {
      this.#alarm = undefined;
      const ringsAt = this.#clock.now();
      this.#passTime(ringsAt);
      this.#setAlarm(ringsAt);
    };
    this.#alarm = { at, timer: this.#clock.after(Math.min(Math.max(0, at - now), timerMsMax), ring) };
  }

  /** Writes again what began so long ago that much would have to be read for its sake. */
  carryStragglers(): void {
    const straggler = this.#journal.straggler();
    if (straggler === undefined) return;
    for (const execution of this.#machine.executions()) {
      if (execution.mark !== straggler) continue;
      this.#forgetMark(execution);
      if (execution.state.kind === "ended") continue;
      execution.mark = this.#journal.begin();
      void this.#journal.append(carriedRecord(execution, "", this.#clock.now()));
    }
  }

  /** `done`: so many of them are. */
  #carryOutAll(effects: readonly RouterEffect[], now: number, done = 0): void {
    for (let index = done; index < effects.length; index++) this.#carryOut(effects[index] as RouterEffect, now);
    if (effects.length > 0) this.#demandChanged();
  }

  #earlier(request: ExecutionRequest): Execution | undefined {
    const { executionId, idempotencyKey } = request;
    // A key stands for its execution whatever id a repeated request was given.
    return this.#machine.execution(executionId) ?? this.#machine.executionByKey(idempotencyKey);
  }

  #tellEnd(execution: Execution, asker: Asker): void {
    const audience = audienceOf(execution);
    if (audience !== undefined) (audience.others ??= []).push(asker);
    else if (execution.state.kind === "ended") asker.ended(toExecutionEnd(execution.id, execution.state.end));
  }

  #carryOut(effect: RouterEffect, now: number): void {
    switch (effect.kind) {
      case "attach":
        return this.#agents.attach(effect.replica);
      case "reattach":
        return this.#agents.reattach(effect.replica);
      case "forget":
        return this.#agents.forget(effect.replica);
      case "found":
        this.#writeDispatch(effect.execution, effect.attempt);
        return this.#changed(effect.execution);
      case "dispatch":
        this.#writeDispatch(effect.execution, effect.attempt);
        return this.#dispatch(effect.replica, effect.execution, effect.attempt);
      case "cancelAttempt":
        return this.#agents
          .connection(effect.replicaId)
          ?.cancel(attemptKey(effect.key.executionId, effect.key.attempt));
      case "askAbout":
        return this.#agents
          .connection(effect.replicaId)
          ?.askAbout(attemptKey(effect.key.executionId, effect.key.attempt));
      case "waiting":
        return this.#changed(effect.execution);
      case "attemptEnded": {
        const { execution, attempt, end } = effect;
        this.#metrics.retried(execution, end);
        const written = this.#journal.append(attemptEndedRecord(execution, attempt, end, now));
        written.whenReached(() => this.#acknowledge(attempt));
        return this.#changed(execution);
      }
      case "ended":
        return this.#end(effect.execution, effect.end, now);
      case "forgotten": {
        const { idempotencyKey } = effect.execution;
        this.#forgetMark(effect.execution);
        if (idempotencyKey !== "") this.#keyForgotten(idempotencyKey);
      }
    }
  }

  #dispatch(replica: Replica, execution: Execution, attempt: Attempt): void {
    const request = execution.request as ExecutionRequest;
    const { traceparent, tracestate, unsampled } = audienceOf(execution)?.span?.context ?? request;
    const { deadline } = execution.limits;
    this.#agents.connection(replica.id)?.dispatch({
      $typeName: "hearth.v1.Dispatch",
      executionId: execution.id,
      attempt: attempt.number,
      task: execution.task,
      arguments: request.arguments,
      runId: execution.runId,
      traceparent,
      tracestate,
      unsampled,
      deadlineUnixMs: deadline === Infinity ? 0 : deadline,
      request: restOf(request),
    });
    this.#metrics.dispatched(execution, attempt);
    this.#changed(execution);
  }

  #writeDispatch(execution: Execution, attempt: Attempt): void {
    execution.dispatched = this.#journal.append(dispatchedRecord(execution, attempt), "lingers");
  }

  #end(execution: Execution, end: AttemptEnd, now: number): void {
    const mayTell = this.#journalIsOwn && this.#journal.unwrittenBytes <= provenByAgentsBytesMax;
    const isProven = mayTell && provesItself(execution, end);
    const message = toExecutionEnd(execution.id, end);
    const record = endedRecord(execution, message, end, now);
    const written = this.#journal.append(record, isProven ? "lingers" : undefined);
    this.#metrics.ended(execution, end, now);
    this.#live -= 1;
    audienceOf(execution)?.span?.end(end.outcome === "succeeded" ? {} : { error: end.reason });
    if (isProven) this.#tell(execution, message);
    written.whenReached(() => {
      const last = execution.attempts.at(-1);
      if (last?.end === end) this.#acknowledge(last);
      if (!isProven) this.#tell(execution, message);
      const kept = { kind: "kept", execution, as: this.#kept.keep(execution, written) } as const;
      this.#carryOutAll(this.#machine.step(kept, now), now);
    });
  }

  #tell(execution: Execution, message: ExecutionEnd): void {
    const audience = audienceOf(execution);
    execution.audience = undefined;
    audience?.asker?.ended(message);
    audience?.others?.forEach((asker) => asker.ended(message));
    audience?.watchers?.forEach((changed) => changed());
  }

  /**
   * Lets the agent forget the outcome that it has reported. The journal has it now: until then the agent was the one that could
   * prove it.
   */
  #acknowledge({ replicaId, end }: Attempt): void {
    const report = end && reportOf(end);
    if (report !== undefined) this.#agents.connection(replicaId)?.acknowledge(report);
  }

  #changed(execution: Execution): void {
    audienceOf(execution)?.watchers?.forEach((changed) => changed());
  }
}

function describe({ id, runId, environment, task, acceptedAt: startMs }: Execution): SpanDescription {
  const attributes = { "hearth.environment": environment, "hearth.execution": id, "hearth.run": runId };
  return { name: `execute ${task}`, kind: "server", startMs, attributes };
}

/** What a dispatch does not say by itself. Field by field, of which none can be left out: V8 is slow to copy what has a class. */
function restOf(request: ExecutionRequest): ExecutionRequest {
  const rest: { [Field in keyof Required<Omit<ExecutionRequest, "$unknown">>]: ExecutionRequest[Field] } = {
    $typeName: "hearth.v1.ExecutionRequest",
    executionId: "",
    environment: request.environment,
    task: "",
    arguments: undefined,
    idempotencyKey: request.idempotencyKey,
    runId: "",
    parentId: request.parentId,
    traceparent: request.traceparent,
    tracestate: request.tracestate,
    policyOverride: request.policyOverride,
    affinityKey: request.affinityKey,
    priority: request.priority,
    freshReplica: request.freshReplica,
    retryPolicy: request.retryPolicy,
    attemptTimeoutMs: request.attemptTimeoutMs,
    queueTimeoutMs: request.queueTimeoutMs,
    deadlineUnixMs: 0,
    askedBefore: request.askedBefore,
    unsampled: request.unsampled,
  };
  return rest;
}

function attemptKey(executionId: string, attempt: number): Parameters<AgentConnection["cancel"]>[0] {
  return { $typeName: "hearth.v1.AttemptKey", executionId, attempt };
}
