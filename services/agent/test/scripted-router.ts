import { create } from "@bufbuild/protobuf";
import {
  AgentService,
  AttachRequestSchema,
  DispatchSchema,
  type AttachRequest,
  type AttachResponse,
  type AttemptEnd,
  type AttemptKey,
  type Dispatch,
  type ExecutionRequest,
  type Slots,
} from "@hearth/proto";
import type { StoredPayload } from "@hearth/payloads";
import { createClient, FrameOutbox, openChannel } from "@hearth/rpc";
import { vi } from "vitest";

/** A router's end of the stream to an agent, every message of which a test decides. */
export class ScriptedRouter {
  readonly frames: AttachResponse[] = [];
  readonly closed: Promise<unknown>;
  readonly address: string;
  readonly #outbox = new FrameOutbox<AttachRequest>(() => create(AttachRequestSchema));
  readonly #leave = new AbortController();
  #sent = 0;

  /** With `acknowledges` it lets the agent forget every outcome at once. */
  constructor(address: string, { routerId = "router", acknowledges = true, adoptedRouterIds = [] as string[] } = {}) {
    this.address = address;
    this.#outbox.frame().hello = { $typeName: "hearth.v1.RouterHello", routerId, adoptedRouterIds };
    const channel = openChannel(address);
    const read = async (): Promise<void> => {
      for await (const frame of createClient(AgentService, channel).attach(this.#outbox, {
        signal: this.#leave.signal,
      })) {
        this.frames.push(frame);
        if (!acknowledges) continue;
        for (const { receipt } of frame.ends) this.say((answer) => answer.acknowledgedReceipts.push(receipt));
      }
    };
    this.closed = read()
      .catch((error: unknown) => error)
      .finally(() => channel.close());
  }

  /** Everything the agent has said of one kind. */
  get ends(): AttemptEnd[] {
    return this.frames.flatMap((frame) => frame.ends);
  }

  get childCalls(): ExecutionRequest[] {
    return this.frames.flatMap((frame) => frame.childCalls);
  }

  get unknownExecutions(): ExecutionRequest[] {
    return this.frames.flatMap((frame) => frame.unknownExecutions);
  }

  get slots(): Slots | undefined {
    return this.frames.flatMap((frame) => frame.slots ?? []).at(-1);
  }

  /** Free slots as a router counts them: what it was told last, without those that its dispatches since then take. */
  get free(): number | undefined {
    const { slots } = this;
    return slots === undefined ? undefined : Math.max(0, slots.free - (this.#sent - slots.dispatchesSeen));
  }

  get refusals(): string[] {
    return this.frames.flatMap((frame) => frame.refusals).map(({ executionId, reason }) => `${executionId} ${reason}`);
  }

  say(fill: (frame: AttachRequest) => void): void {
    const frame = this.#outbox.frame();
    const before = frame.dispatches.length;
    fill(frame);
    this.#sent += frame.dispatches.length - before;
  }

  dispatch(executionId: string, task: string, text = "", attempt = 1): void {
    const dispatch = create(DispatchSchema, {
      executionId,
      attempt,
      task,
      runId: executionId,
      arguments: { inline: Buffer.from(text) },
      request: { environment: "images" },
    });
    this.say((frame) => frame.dispatches.push(dispatch));
  }

  /** Asks what the first attempts of these executions are. */
  askAbout(...executionIds: readonly string[]): void {
    this.say((frame) => frame.unknownAttempts.push(...executionIds.map(firstAttempt)));
  }

  /** Lets the agent forget how the first attempt ended. */
  acknowledge(executionId: string): void {
    this.say((frame) => frame.acknowledgedOutcomes.push(firstAttempt(executionId)));
  }

  dispatchStored(executionId: string, task: string, stored: StoredPayload): void {
    this.say((frame) => frame.dispatches.push(this.stored(executionId, task, stored)));
  }

  /** A dispatch whose arguments are in the object store. */
  stored(executionId: string, task: string, stored: StoredPayload): Dispatch {
    return create(DispatchSchema, { executionId, attempt: 1, task, runId: executionId, arguments: { stored } });
  }

  /** The end of an execution, once it has come. */
  end(executionId: string): Promise<AttemptEnd> {
    return vi.waitFor(
      () => {
        const end = this.ends.find((candidate) => candidate.executionId === executionId);
        if (end === undefined) throw new Error(`${executionId} has not ended`);
        return end;
      },
      { timeout: 10_000, interval: 10 },
    );
  }

  leave(): void {
    this.#leave.abort();
  }
}

function firstAttempt(executionId: string): AttemptKey {
  return { $typeName: "hearth.v1.AttemptKey", executionId, attempt: 1 };
}
