import { create } from "@bufbuild/protobuf";
import {
  AttachResponseSchema,
  type AttachResponse,
  type AttemptEnd,
  type ExecutionRequest,
  type Slots,
} from "@hearth/proto";
import { FrameOutbox } from "@hearth/rpc";
import { Accounts } from "../core/accounts.ts";

interface RouterStream {
  readonly outbox: FrameOutbox<AttachResponse>;
  /** Dispatches received on it. */
  seen: number;
}

/** The streams to routers. What a router has not taken yet is said again on its next stream. */
export class RouterStreams {
  readonly #streams = new Map<string, RouterStream>();
  readonly #accounts = new Accounts<AttemptEnd, ExecutionRequest>();
  readonly #dropped: (routerId: string) => void;

  /** `dropped` is called when something had to be given up because a router stayed away too long. */
  constructor(dropped: (routerId: string) => void) {
    this.#dropped = dropped;
  }

  /** How many ends no router has acknowledged. */
  get unacknowledged(): number {
    return this.#accounts.unacknowledged;
  }

  /** Opens a router's stream; an earlier one of the same router ends. `fill` writes the first frame. */
  open(routerId: string, fill: (frame: AttachResponse) => void): FrameOutbox<AttachResponse> {
    this.#streams.get(routerId)?.outbox.end();
    const outbox = new FrameOutbox<AttachResponse>(() => create(AttachResponseSchema));
    this.#streams.set(routerId, { outbox, seen: 0 });
    fill(outbox.frame());
    const { ends, calls } = this.#accounts.arrived(routerId);
    // What has ended is there as well: the router must not take it for lost before it reads how it ended.
    const ended = ends.map(({ executionId, attempt }) => {
      return { $typeName: "hearth.v1.AttemptKey", executionId, attempt } as const;
    });
    outbox.frame().hello?.liveAttempts.push(...ended);
    for (const end of ends) outbox.frame(weigh(end)).ends.push(end);
    for (const request of calls) outbox.frame(weigh(request)).childCalls.push(request);
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
    const stream = this.#streams.get(routerId);
    if (stream !== undefined) stream.seen += 1;
  }

  refuse(routerId: string, executionId: string, attempt: number, reason: string): void {
    const refusal = { $typeName: "hearth.v1.Refusal", executionId, attempt, reason } as const;
    this.#streams.get(routerId)?.outbox.frame().refusals.push(refusal);
  }

  end(routerId: string, end: AttemptEnd): void {
    const bytes = weigh(end);
    this.#streams.get(routerId)?.outbox.frame(bytes).ends.push(end);
    this.#accounts
      .oweEnd(routerId, endKey(end.executionId, end.attempt), end, bytes)
      .forEach((router) => this.#dropped(router));
  }

  acknowledge(routerId: string, executionId: string, attempt: number): void {
    this.#accounts.acknowledge(routerId, endKey(executionId, attempt));
  }

  callChild(routerId: string, request: ExecutionRequest): void {
    const bytes = weigh(request);
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

  /** Tells every router how the slots stand. */
  tellSlots(slots: { readonly sequence: number; readonly total: number; readonly free: number }): void {
    for (const { outbox, seen } of this.#streams.values()) outbox.frame().slots = toSlots(slots, seen);
  }
}

export function toSlots(
  slots: { readonly sequence: number; readonly total: number; readonly free: number },
  seen: number,
): Slots {
  return { $typeName: "hearth.v1.Slots", ...slots, dispatchesSeen: seen };
}

function endKey(executionId: string, attempt: number): string {
  return `${executionId} ${attempt}`;
}

function weigh(message: AttemptEnd | ExecutionRequest): number {
  const payload = message.$typeName === "hearth.v1.AttemptEnd" ? message.result : message.arguments;
  return 200 + (payload?.inline.length ?? 0);
}
