import {
  AttachResponseSchema,
  emptyMessage,
  type AgentHello,
  type AttachResponse,
  type AttemptEnd,
  type AttemptKey as WireAttemptKey,
  type Dispatch,
  type ExecutionRequest,
  type Payload,
} from "@hearth/proto";
import { FrameOutbox } from "@hearth/rpc";
import { Accounts } from "../core/accounts.ts";
import { ToldSlots, type SlotCount } from "../core/told-slots.ts";

/** The largest number that a receipt takes. */
const receiptMax = 2 ** 32 - 1;

interface RouterStream {
  readonly outbox: FrameOutbox<AttachResponse>;
  readonly told: ToldSlots;
}

/** What an attempt was, and who had sent it. */
interface Dispatched {
  readonly dispatch: Dispatch;
  readonly dispatchedBy: string;
}

/** How it ended too. */
interface EndedAttempt extends Dispatched {
  readonly end: AttemptEnd;
}

/** The streams to routers. What a router has not taken yet is said again on its next stream. */
export class RouterStreams {
  readonly #streams = new Map<string, RouterStream>();
  readonly #accounts = new Accounts<EndedAttempt, ExecutionRequest>();
  readonly #dropped: (routerId: string) => void;
  /** Of the counts of slots. */
  #sequence = 0;
  /** Of ends. */
  #receipts = 0;

  /** `dropped` is called when something had to be given up because a router stayed away too long. */
  constructor(dropped: (routerId: string) => void) {
    this.#dropped = dropped;
  }

  /** How many ends no router has acknowledged. */
  get unacknowledged(): number {
    return this.#accounts.unacknowledged;
  }

  /** Opens a router's stream; an earlier one of the same router ends. `live`: what runs of its attempts. */
  open(
    routerId: string,
    self: Pick<AgentHello, "replicaId" | "pool" | "version">,
    live: readonly Dispatched[],
    slots: SlotCount,
  ): FrameOutbox<AttachResponse> {
    this.#streams.get(routerId)?.outbox.end();
    const outbox = new FrameOutbox<AttachResponse>(() => emptyMessage(AttachResponseSchema));
    const stream = { outbox, told: new ToldSlots() };
    this.#streams.set(routerId, stream);
    const { ends, calls } = this.#accounts.arrived(routerId);
    // What has ended is there as well: the router must not take it for lost before it reads how it ended.
    const attempts = [...live, ...ends];
    outbox.frame().hello = {
      $typeName: "hearth.v1.AgentHello",
      ...self,
      liveAttempts: attempts.map(toKey),
      adoptedAttempts: attempts.filter(({ dispatchedBy }) => dispatchedBy !== routerId).map(toKey),
    };
    this.#tell(stream, slots);
    for (const { end } of ends) outbox.frame(weigh(end.result)).ends.push(end);
    for (const request of calls) {
      outbox.frame(weigh(request.arguments)).childCalls.push({ ...request, askedBefore: true });
    }
    return outbox;
  }

  /** What the routers `from` are owed is `to`'s now. Their streams end. */
  adopt(from: readonly string[], to: string): void {
    for (const routerId of from) {
      this.#accounts.adopt(routerId, to);
      this.#streams.get(routerId)?.outbox.end();
      this.#streams.delete(routerId);
    }
  }

  /** Whether another router has taken over what this one had. */
  isSuperseded(routerId: string): boolean {
    return this.#accounts.isSuperseded(routerId);
  }

  /** The stream broke. What a newer stream of the same router does is its own affair. */
  close(routerId: string, outbox: FrameOutbox<AttachResponse>): void {
    outbox.end();
    if (this.#streams.get(routerId)?.outbox !== outbox) return;
    this.#streams.delete(routerId);
    this.#accounts.left(routerId).forEach((router) => this.#dropped(router));
  }

  /** Ends every stream once what is in it has left. */
  endAll(): void {
    for (const { outbox } of this.#streams.values()) outbox.end();
  }

  dispatchSeen(routerId: string): void {
    this.#streams.get(routerId)?.told.dispatchReceived();
  }

  refuse(routerId: string, executionId: string, attempt: number, reason: string): void {
    const refusal = { $typeName: "hearth.v1.Refusal", executionId, attempt, reason } as const;
    this.#streams.get(routerId)?.outbox.frame().refusals.push(refusal);
  }

  /** An attempt ended. The router is owed its outcome, and what it was in case that router dies before that is written down. */
  end(routerId: string, end: AttemptEnd, { dispatch, dispatchedBy }: Dispatched): void {
    // Begins anew before it is more than the field takes.
    this.#receipts = (this.#receipts % receiptMax) + 1;
    end.receipt = this.#receipts;
    const bytes = weigh(end.result);
    this.#streams.get(routerId)?.outbox.frame(bytes).ends.push(end);
    const owed = { dispatch, dispatchedBy, end };
    const keptBytes = bytes + weigh(dispatch.arguments);
    this.#accounts.oweEnd(routerId, end.receipt, owed, keptBytes).forEach((router) => this.#dropped(router));
  }

  /** What an attempt was whose end the router is owed. */
  dispatchOf(routerId: string, executionId: string, attempt: number): Dispatch | undefined {
    return this.#owed(routerId, executionId, attempt)?.dispatch;
  }

  /** What an execution was that the router does not know. */
  tellExecution(routerId: string, request: ExecutionRequest): void {
    this.#streams.get(routerId)?.outbox.frame(weigh(request.arguments)).unknownExecutions.push(request);
  }

  acknowledge(routerId: string, receipt: number): void {
    this.#accounts.acknowledge(routerId, receipt);
  }

  /** The same by a router that knows of no receipts. */
  acknowledgeAttempt(routerId: string, executionId: string, attempt: number): void {
    const owed = this.#owed(routerId, executionId, attempt);
    if (owed !== undefined) this.#accounts.acknowledge(routerId, owed.end.receipt);
  }

  callChild(routerId: string, request: ExecutionRequest): void {
    const bytes = weigh(request.arguments);
    this.#streams.get(routerId)?.outbox.frame(bytes).childCalls.push(request);
    this.#accounts.oweCall(routerId, request.executionId, request, bytes).forEach((router) => this.#dropped(router));
  }

  /** A child call is answered, or nobody wants the answer. */
  forgetChild(routerId: string, childId: string): void {
    this.#accounts.settleCall(routerId, childId);
  }

  cancelChild(routerId: string, childId: string): void {
    this.forgetChild(routerId, childId);
    this.#streams.get(routerId)?.outbox.frame().childCancellations.push(childId);
  }

  /** How the slots stand now, for every router that would take them for other than they are. */
  tellSlots(slots: SlotCount): void {
    for (const stream of this.#streams.values()) this.#tell(stream, slots);
  }

  #owed(routerId: string, executionId: string, attempt: number): EndedAttempt | undefined {
    return this.#accounts.findEnd(routerId, ({ end }) => end.executionId === executionId && end.attempt === attempt);
  }

  #tell({ outbox, told }: RouterStream, slots: SlotCount): void {
    if (!told.mustTell(slots)) return;
    const { total, free } = slots;
    const frame = outbox.waiting ?? outbox.frame();
    const sequence = ++this.#sequence;
    frame.slots = { $typeName: "hearth.v1.Slots", sequence, total, free, dispatchesSeen: told.seen };
  }
}

function toKey({ dispatch: { executionId, attempt } }: Dispatched): WireAttemptKey {
  return { $typeName: "hearth.v1.AttemptKey", executionId, attempt };
}

/** Roughly what a message weighs: its payload, and something for the rest. */
function weigh(payload: Payload | undefined): number {
  return 200 + (payload?.inline.length ?? 0);
}
