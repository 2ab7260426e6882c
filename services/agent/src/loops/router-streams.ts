import { create } from "@bufbuild/protobuf";
import {
  AttachResponseSchema,
  type AttachResponse,
  type AttemptEnd,
  type ExecutionRequest,
  type Slots,
} from "@hearth/proto";
import { FrameOutbox } from "@hearth/rpc";

/** Outcomes and child calls kept for a router that is away. */
const keptBytesMax = 64 * 1024 * 1024;

interface RouterStream {
  readonly outbox: FrameOutbox<AttachResponse>;
  /** Dispatches received on it. */
  seen: number;
}

/** What is owed to one router until it has it. */
interface Account {
  stream: RouterStream | undefined;
  /** Ends not acknowledged, by execution id and attempt. */
  readonly ends: Map<string, AttemptEnd>;
  /** Child calls not answered, by child execution id. */
  readonly childCalls: Map<string, ExecutionRequest>;
}

/** The streams to routers, and what each router has not taken yet: it is said again on the router's next stream. */
export class RouterStreams {
  readonly #accounts = new Map<string, Account>();
  readonly #dropped: (routerId: string) => void;
  #keptBytes = 0;

  /** `dropped` is called when something had to be given up because a router stayed away too long. */
  constructor(dropped: (routerId: string) => void) {
    this.#dropped = dropped;
  }

  /** How many ends no router has acknowledged. */
  get unacknowledged(): number {
    let count = 0;
    for (const account of this.#accounts.values()) count += account.ends.size;
    return count;
  }

  /** Opens a router's stream; an earlier one of the same router ends. `fill` writes the first frame. */
  open(routerId: string, fill: (frame: AttachResponse) => void): FrameOutbox<AttachResponse> {
    const account = this.#account(routerId);
    account.stream?.outbox.end();
    const outbox = new FrameOutbox<AttachResponse>(() => create(AttachResponseSchema));
    account.stream = { outbox, seen: 0 };
    fill(outbox.frame());
    for (const end of account.ends.values()) outbox.frame(weigh(end)).ends.push(end);
    for (const request of account.childCalls.values()) outbox.frame(weigh(request)).childCalls.push(request);
    return outbox;
  }

  /** The stream broke. What a newer stream of the same router does is its own affair. */
  close(routerId: string, outbox: FrameOutbox<AttachResponse>): void {
    const account = this.#account(routerId);
    if (account.stream?.outbox === outbox) account.stream = undefined;
    outbox.end();
    if (account.ends.size === 0 && account.childCalls.size === 0 && account.stream === undefined)
      this.#accounts.delete(routerId);
  }

  /** Ends every stream once what is in it has left. */
  endAll(): void {
    for (const { stream } of this.#accounts.values()) stream?.outbox.end();
  }

  dispatchSeen(routerId: string): void {
    const { stream } = this.#account(routerId);
    if (stream !== undefined) stream.seen += 1;
  }

  refuse(routerId: string, executionId: string, attempt: number, reason: string): void {
    const refusal = { $typeName: "hearth.v1.Refusal", executionId, attempt, reason } as const;
    this.#account(routerId).stream?.outbox.frame().refusals.push(refusal);
  }

  end(routerId: string, end: AttemptEnd): void {
    const account = this.#account(routerId);
    account.ends.set(`${end.executionId} ${end.attempt}`, end);
    this.#keptBytes += weigh(end);
    account.stream?.outbox.frame(weigh(end)).ends.push(end);
    this.#shed();
  }

  acknowledge(routerId: string, executionId: string, attempt: number): void {
    const { ends } = this.#account(routerId);
    const key = `${executionId} ${attempt}`;
    this.#keptBytes -= weigh(ends.get(key));
    ends.delete(key);
  }

  callChild(routerId: string, request: ExecutionRequest): void {
    const account = this.#account(routerId);
    account.childCalls.set(request.executionId, request);
    account.stream?.outbox.frame(weigh(request)).childCalls.push(request);
  }

  /** A child call is answered, or nobody wants the answer. */
  forgetChild(routerId: string, childId: string): void {
    this.#account(routerId).childCalls.delete(childId);
  }

  cancelChild(routerId: string, childId: string): void {
    this.forgetChild(routerId, childId);
    this.#account(routerId).stream?.outbox.frame().childCancellations.push(childId);
  }

  /** Tells every router how the slots stand. */
  tellSlots(slots: { readonly sequence: number; readonly total: number; readonly free: number }): void {
    for (const { stream } of this.#accounts.values()) {
      if (stream !== undefined) stream.outbox.frame().slots = toSlots(slots, stream.seen);
    }
  }

  #account(routerId: string): Account {
    let account = this.#accounts.get(routerId);
    if (account === undefined) {
      account = { stream: undefined, ends: new Map(), childCalls: new Map() };
      this.#accounts.set(routerId, account);
    }
    return account;
  }

  /** Gives up the oldest ends of routers that are away when too much is kept. */
  #shed(): void {
    for (const [routerId, account] of this.#accounts) {
      for (const [key, end] of account.ends) {
        if (this.#keptBytes <= keptBytesMax) return;
        if (account.stream !== undefined) break;
        account.ends.delete(key);
        this.#keptBytes -= weigh(end);
        this.#dropped(routerId);
      }
    }
  }
}

export function toSlots(
  slots: { readonly sequence: number; readonly total: number; readonly free: number },
  seen: number,
): Slots {
  return { $typeName: "hearth.v1.Slots", ...slots, dispatchesSeen: seen };
}

function weigh(message: AttemptEnd | ExecutionRequest | undefined): number {
  if (message === undefined) return 0;
  const payload = message.$typeName === "hearth.v1.AttemptEnd" ? message.result : message.arguments;
  return 200 + (payload?.inline.length ?? 0);
}
