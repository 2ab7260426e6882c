import { create } from "@bufbuild/protobuf";
import type { Clock } from "@hearth/clock";
import { HearthError } from "@hearth/errors";
import { newId } from "@hearth/ids";
import { PassingMap } from "@hearth/passing-map";
import { inlineBytesMax, payloadBytesMax } from "@hearth/payloads/bounds";
import type { PayloadStore, StoredPayload } from "@hearth/payloads";
import {
  ExecutionEndSchema,
  Outcome,
  type Dispatch,
  type ExecutionEnd,
  type ExecutionRequest,
  type Failure,
} from "@hearth/proto";
import type { Frame } from "@hearth/runner-protocol";
import type { Span } from "@hearth/telemetry";
import type { AttemptKey } from "../core/slots.ts";
import { failure, payloadFailure, tooLarge } from "../io/failures.ts";
import { toCallEnded, toChildRequest, toPayload } from "../io/translate.ts";
import type { RouterStreams } from "./router-streams.ts";

/** An answered call on its way to its parent. */
export type Answer = Extract<Frame, { kind: "callEnded" }>;

/** An attempt whose code calls tasks. */
export interface Parent {
  readonly key: AttemptKey;
  readonly dispatch: Pick<Dispatch, "runId" | "deadlineUnixMs">;
  readonly span: Pick<Span, "context">;
  /** The router that has it, and its calls: another one after a takeover. */
  readonly routerId: string;
  /** Its calls that have not been answered. Undefined until it makes one. */
  calls: Set<OpenCall> | undefined;
}

/** A call of task code that has not been answered. */
export interface OpenCall {
  /** What the runner calls it. */
  readonly call: number;
  readonly childId: string;
  readonly parent: Parent;
  /** Its result comes from the object store. */
  isFetching: boolean;
}

/** The calls of task code: each becomes an execution at the parent's router, and every one is answered once. */
export class ChildCalls {
  readonly #clock: Clock;
  readonly #routers: RouterStreams;
  readonly #payloads: Pick<PayloadStore, "put" | "get">;
  readonly #answer: (parent: AttemptKey, answer: Answer) => void;
  readonly #byNumber = new PassingMap<number, OpenCall>();
  readonly #byChild = new PassingMap<string, OpenCall>();

  constructor(options: {
    readonly clock: Clock;
    readonly routers: RouterStreams;
    readonly payloads: Pick<PayloadStore, "put" | "get">;
    readonly answer: (parent: AttemptKey, answer: Answer) => void;
  }) {
    this.#clock = options.clock;
    this.#routers = options.routers;
    this.#payloads = options.payloads;
    this.#answer = options.answer;
  }

  call(parent: Parent, frame: Extract<Frame, { kind: "call" }>): void {
    const { call } = frame.header;
    const reject = ({ reason, message }: Failure): void => {
      const header = { call, outcome: "failed", failure: { reason, message } } as const;
      this.#answer(parent.key, { kind: "callEnded", header, body: nothing });
    };
    if (frame.body.length > payloadBytesMax) return reject(tooLarge("The arguments", frame.body.length));
    const childId = newId(this.#clock.now());
    let request;
    try {
      const { runId, deadlineUnixMs } = parent.dispatch;
      const { executionId } = parent.key;
      request = toChildRequest({ runId, executionId, deadlineUnixMs, trace: parent.span.context }, childId, frame);
    } catch (error) {
      if (!(error instanceof HearthError)) throw error;
      return reject(failure(error.reason, error.message));
    }
    const open = { call, childId, parent, isFetching: false };
    (parent.calls ??= new Set()).add(open);
    this.#byNumber.set(call, open);
    this.#byChild.set(childId, open);
    if (frame.body.length <= inlineBytesMax) this.#routers.callChild(parent.routerId, request);
    else void this.#storeArguments(open, request, frame.body);
  }

  ended(end: ExecutionEnd): void {
    const call = this.#byChild.get(end.executionId);
    if (call === undefined || call.isFetching) return;
    const { stored } = end.result ?? {};
    if (stored !== undefined) return void this.#fetchResult(call, end, stored);
    this.#forget(call);
    this.#answer(call.parent.key, toCallEnded(call.call, end) as Answer);
  }

  rejected(childId: string, why: Failure | undefined): void {
    this.ended(failedEnd(childId, why));
  }

  /** The code does not want the answer any more. It gets one all the same: that tells a parked parent that it has a slot again. */
  cancel(number: number): void {
    const call = this.#byNumber.get(number);
    if (call === undefined) return;
    this.#abandon(call);
    const failure = { reason: "CANCELLED", message: "The call was given up." };
    const header = { call: number, outcome: "cancelled", failure } as const;
    this.#answer(call.parent.key, { kind: "callEnded", header, body: nothing });
  }

  /** Nobody is left to hear of them. */
  abandonAll({ calls }: Parent): void {
    for (const call of calls ?? []) this.#abandon(call);
  }

  async #storeArguments(call: OpenCall, request: ExecutionRequest, body: Uint8Array): Promise<void> {
    try {
      request.arguments = toPayload(await this.#payloads.put(body));
      if (this.#isOpen(call)) this.#routers.callChild(call.parent.routerId, request);
    } catch (error) {
      this.rejected(call.childId, payloadFailure(error));
    }
  }

  async #fetchResult(call: OpenCall, end: ExecutionEnd, { sha256 }: StoredPayload): Promise<void> {
    call.isFetching = true;
    const answer = await this.#payloads.get(sha256).then(
      (result) => toCallEnded(call.call, end, result),
      (error: unknown) => toCallEnded(call.call, failedEnd(call.childId, payloadFailure(error))),
    );
    if (!this.#isOpen(call)) return;
    this.#forget(call);
    this.#answer(call.parent.key, answer as Answer);
  }

  #isOpen(call: OpenCall): boolean {
    return this.#byChild.get(call.childId) === call;
  }

  #abandon(call: OpenCall): void {
    this.#forget(call);
    this.#routers.cancelChild(call.parent.routerId, call.childId);
  }

  #forget(call: OpenCall): void {
    call.parent.calls?.delete(call);
    this.#byNumber.take(call.call);
    this.#byChild.take(call.childId);
    this.#routers.forgetChild(call.parent.routerId, call.childId);
  }
}

const nothing = new Uint8Array();

function failedEnd(childId: string, why: Failure | undefined): ExecutionEnd {
  const end = create(ExecutionEndSchema, { executionId: childId, outcome: Outcome.FAILED });
  if (why !== undefined) end.failure = why;
  return end;
}
