import { subjects, type Bus } from "@hearth/bus";
import type { Clock } from "@hearth/clock";
import { HearthError } from "@hearth/errors";
import {
  ReplicaState,
  SlotAnnouncementSchema,
  type AttachResponse,
  type AttemptEnd,
  type ExecutionEnd,
  type ExecutionRequest,
  type SlotAnnouncement,
  type Slots,
} from "@hearth/proto";
import type { Logger } from "@hearth/telemetry";
import type { Rejection } from "../core/admit.ts";
import type { Announcement, SlotsReport } from "../core/events.ts";
import type { Replica } from "../core/replica.ts";
import type { AgentConnection, OpenAgentConnection } from "../io/agent-connection.ts";
import { endAs, fromReport, toRejection } from "../io/translate.ts";
import type { Agents, Asker, Executions } from "./run-executions.ts";

/** A broken stream is opened again after this long, for as long as the replica counts as alive. */
const reattachAfterMs = 200;
/** Routers that were taken over longest ago are no longer named: every living replica has heard of it. */
const adoptedMax = 1_000;

/** Keeps one stream open to every replica that announces itself, and passes on what comes over it. */
export class ReplicaFollower implements Agents {
  readonly #routerId: string;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #open: OpenAgentConnection;
  readonly #known = new Set<string>();
  readonly #connections = new Map<string, AgentConnection>();
  readonly #adoptedRouterIds: string[] = [];
  /** Calls that are looked at again in a while. */
  readonly #postponed = new Set<string>();
  #executions!: Executions;

  constructor(options: {
    readonly routerId: string;
    readonly clock: Clock;
    readonly logger: Logger;
    readonly openConnection: OpenAgentConnection;
  }) {
    this.#routerId = options.routerId;
    this.#clock = options.clock;
    this.#logger = options.logger;
    this.#open = options.openConnection;
  }

  /** Starts listening. The announcements of every replica reach every router. */
  start(bus: Bus, executions: Executions): void {
    this.#executions = executions;
    bus.subscribe(
      subjects.allSlots,
      SlotAnnouncementSchema,
      (announcement) => {
        const heard = toAnnouncement(announcement);
        if (heard !== undefined) executions.handle({ kind: "announced", announcement: heard });
      },
      (error) => this.#logger.warn({ err: error }, "slot announcement could not be read"),
    );
    this.#clock.every(1_000, () => executions.handle({ kind: "tick" }));
  }

  connection(replicaId: string): AgentConnection | undefined {
    return this.#connections.get(replicaId);
  }

  attach(replica: Replica): void {
    this.#known.add(replica.id);
    this.#connect(replica);
  }

  /** From now on agents are told that what these routers had is ours. Streams that are open have to be opened anew. */
  adopted(routerIds: readonly string[]): void {
    this.#adoptedRouterIds.push(...routerIds);
    this.#adoptedRouterIds.splice(0, this.#adoptedRouterIds.length - adoptedMax);
  }

  reattach(replica: Replica): void {
    const before = this.#connections.get(replica.id);
    this.#connect(replica);
    before?.close();
  }

  forget(replica: Replica): void {
    this.#known.delete(replica.id);
    this.#connections.get(replica.id)?.close();
    this.#connections.delete(replica.id);
  }

  /** Closes every stream. Attempts go on; their agents keep the outcomes. */
  stop(): void {
    this.#known.clear();
    for (const connection of this.#connections.values()) connection.close();
  }

  #connect(replica: Replica): void {
    const connection = this.#open({
      address: replica.address,
      routerId: this.#routerId,
      adoptedRouterIds: this.#adoptedRouterIds,
      frame: (frame) => {
        if (this.#connections.get(replica.id) === connection) this.#receive(replica, connection, frame);
      },
      closed: (error) => {
        if (this.#connections.get(replica.id) !== connection) return;
        this.#connections.delete(replica.id);
        this.#logger.info({ replicaId: replica.id, err: error }, "stream to replica closed");
        this.#executions.handle({ kind: "detached", replicaId: replica.id });
        this.#clock.after(reattachAfterMs, () => {
          if (this.#known.has(replica.id) && !this.#connections.has(replica.id)) this.#connect(replica);
        });
      },
    });
    this.#connections.set(replica.id, connection);
  }

  #receive(replica: Replica, connection: AgentConnection, frame: AttachResponse): void {
    const executions = this.#executions;
    if (frame.hello !== undefined) {
      this.#logger.info({ replicaId: replica.id, pool: replica.pool }, "attached to replica");
      const slots = frame.slots === undefined ? { total: 0, free: 0, seen: 0 } : toReport(frame.slots);
      const { liveAttempts: live, adoptedAttempts: adopted } = frame.hello;
      executions.handle({ kind: "attached", replicaId: replica.id, live, adopted, slots });
    }
    for (const { executionId, attempt, reason } of frame.refusals) {
      executions.handle({ kind: "refused", key: { executionId, attempt }, reason });
    }
    for (const end of frame.ends) this.#endAttempt(connection, end);
    if (frame.slots !== undefined && frame.hello === undefined) {
      executions.handle({ kind: "slots", replica, slots: toReport(frame.slots) });
    }
    for (const request of frame.unknownExecutions) this.#recover(replica, request);
    for (const request of frame.childCalls) this.#callChild(replica, request);
    for (const executionId of frame.childCancellations) {
      this.#postponed.delete(executionId);
      executions.handle({ kind: "cancelRequested", executionId });
    }
  }

  #endAttempt(connection: AgentConnection, end: AttemptEnd): void {
    const key = { executionId: end.executionId, attempt: end.attempt };
    const counted = this.#executions.handle({ kind: "attemptEnded", key, end: fromReport(end) });
    // What an unknown one was the agent is yet to say.
    if (counted || this.#executions.isAskedAbout(end.executionId)) return;
    // It has ended or was given another attempt: the agent need not keep it once the journal has what this router has of it.
    void this.#executions.written().then(() => connection.acknowledge(end));
  }

  #recover({ id: replicaId, pool }: Replica, request: ExecutionRequest): void {
    try {
      this.#executions.recover(request, pool);
    } catch (error) {
      if (!(error instanceof HearthError)) throw error;
      this.#logger.warn({ replicaId, err: error }, "what a replica has an attempt of is no execution");
    }
  }

  #callChild(replica: Replica, request: ExecutionRequest): void {
    const { executionId, askedBefore } = request;
    const mayBeElsewhere = askedBefore && !this.#executions.knows(executionId) && this.#executions.mayFindMore;
    if (mayBeElsewhere) return this.#callChildLater(replica, request);
    const refusal = this.#submitChild(replica, request);
    if (refusal === undefined) return;
    if (passing.has(refusal.reason)) return this.#callChildLater(replica, request);
    this.connection(replica.id)?.childRejected(toRejection(executionId, refusal));
  }

  #submitChild(replica: Replica, request: ExecutionRequest): HearthError | Rejection | undefined {
    try {
      const submitted = this.#executions.submit(request, new Parent(this, replica.id, request.executionId));
      return submitted.kind === "reject" ? submitted : undefined;
    } catch (error) {
      if (error instanceof HearthError) return error;
      throw error;
    }
  }

  /** Asked again by itself, but not for longer than the stream lasts: on the next one the agent repeats what was not answered. */
  #callChildLater(replica: Replica, request: ExecutionRequest): void {
    const before = this.#connections.get(replica.id);
    const { executionId } = request;
    this.#postponed.add(executionId);
    this.#clock.after(callAgainAfterMs, () => {
      const isWanted = this.#postponed.delete(executionId);
      if (!isWanted || before === undefined || this.#connections.get(replica.id) !== before) return;
      this.#callChild(replica, request);
    });
  }
}

/** Where the code waits that called a task. */
class Parent implements Asker {
  readonly #replicas: ReplicaFollower;
  readonly #replicaId: string;
  readonly #calledAs: string;

  constructor(replicas: ReplicaFollower, replicaId: string, calledAs: string) {
    this.#replicas = replicas;
    this.#replicaId = replicaId;
    this.#calledAs = calledAs;
  }

  ended(end: ExecutionEnd): void {
    // The stream may be another one than when it called.
    this.#replicas.connection(this.#replicaId)?.childEnded(endAs(end, this.#calledAs));
  }
}

/** Refusals that say nothing about the call: its code need not hear of them. */
const passing: ReadonlySet<string> = new Set(["JOURNAL_UNAVAILABLE", "ROUTER_DRAINING"]);
const callAgainAfterMs = 500;

/** More than any stream carries; beyond it doubles no longer count by one. */
const dispatchesMax = 1e15;

function toReport(slots: Slots): SlotsReport {
  // A number that is none has seen nothing: too little is taken for free then, not too much.
  const { dispatchesSeen } = slots;
  const seen = dispatchesSeen >= 0 && dispatchesSeen <= dispatchesMax ? dispatchesSeen : 0;
  return { total: slots.total, free: Math.min(slots.free, slots.total), seen };
}

/** What a router needs of an announcement, or undefined when it is not one of a live replica's. */
function toAnnouncement(message: SlotAnnouncement): Announcement | undefined {
  const { replicaId, pool, environment, version, address } = message;
  if (replicaId === "" || pool === "" || environment === "" || address === "") return undefined;
  switch (message.state) {
    case ReplicaState.READY:
      return { replicaId, pool, environment, version, address, state: "ready" };
    case ReplicaState.DRAINING:
      return { replicaId, pool, environment, version, address, state: "draining" };
    case ReplicaState.ENDED:
      return { replicaId, pool, environment, version, address, state: "ended" };
    case ReplicaState.STARTING:
      return { replicaId, pool, environment, version, address, state: "starting" };
    case ReplicaState.UNSPECIFIED:
      return undefined;
  }
}
