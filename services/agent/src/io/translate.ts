import { create, fromJson, type JsonValue } from "@bufbuild/protobuf";
import { HearthError } from "@hearth/errors";
import type { StoredPayload } from "@hearth/payloads";
import {
  ExecutionRequestSchema,
  FailureSchema,
  Outcome,
  PayloadSchema,
  RetryPolicySchema,
  ReusePolicySchema,
  type Dispatch,
  type ExecutionEnd,
  type ExecutionRequest,
  type Failure,
  type Payload,
  type RetryPolicy,
  type ReusePolicy,
} from "@hearth/proto";
import type { Frame, WireFailure, WireOutcome } from "@hearth/runner-protocol";
import type { TraceContext } from "@hearth/telemetry";

const outcomes: Readonly<Record<WireOutcome, Outcome>> = {
  succeeded: Outcome.SUCCEEDED,
  failed: Outcome.FAILED,
  timed_out: Outcome.TIMED_OUT,
  cancelled: Outcome.CANCELLED,
  lost: Outcome.LOST,
};

const failureTextMax = 64 * 1024;

/** What a runner calls an outcome, as the protocol has it. Whatever it made up counts as failed. */
export function toOutcome(outcome: unknown): Outcome {
  return typeof outcome === "string" && Object.hasOwn(outcomes, outcome)
    ? outcomes[outcome as WireOutcome]
    : Outcome.FAILED;
}

/** A runner's failure with its bounds kept: 8 KiB of message, 64 KiB of traceback. */
export function toFailure(failure: WireFailure | undefined): Failure {
  return create(FailureSchema, {
    reason: cut(textOr(failure?.reason, "TASK_FAILED"), 200),
    message: cut(textOr(failure?.message, ""), failureTextMax / 8),
    exceptionType: cut(textOr(failure?.exceptionType, ""), 200),
    traceback: cut(textOr(failure?.traceback, ""), failureTextMax),
  });
}

/** A runner's time, milliseconds since 1970; 0 when it is none. */
export function toMoment(unixMs: unknown): number {
  return typeof unixMs === "number" && unixMs > 0 && Number.isFinite(unixMs) ? unixMs : 0;
}

/** Where a runner says that something was printed. Whatever it made up counts as stdout. */
export function toStream(stream: unknown): "stdout" | "stderr" {
  return stream === "stderr" ? "stderr" : "stdout";
}

function textOr(value: unknown, otherwise: string): string {
  return typeof value === "string" ? value : otherwise;
}

export function toPayload(content: Uint8Array | StoredPayload): Payload {
  return content instanceof Uint8Array
    ? { $typeName: "hearth.v1.Payload", inline: content }
    : create(PayloadSchema, { stored: content });
}

/** The end of a child as its parent's runner hears it. `result`: its encoded bytes. */
export function toCallEnded(call: number, end: ExecutionEnd, result = end.result?.inline ?? new Uint8Array()): Frame {
  if (end.outcome === Outcome.SUCCEEDED)
    return { kind: "callEnded", header: { call, outcome: "succeeded" }, body: result };
  const { reason = "INTERNAL", message = "", exceptionType = "", traceback = "" } = end.failure ?? {};
  const failure = { reason, message, exceptionType, traceback };
  return { kind: "callEnded", header: { call, outcome: fromOutcome(end.outcome), failure }, body: new Uint8Array() };
}

/**
 * A request for a child of an attempt. It carries its parent's deadline when that is sooner: its router may have taken the parent's
 * over, and not know it yet. Throws a `HearthError` when what the runner asks for is of a wrong type: INVALID_POLICY, INVALID_EXECUTION.
 */
export function toChildRequest(
  parent: {
    readonly runId: string;
    readonly executionId: string;
    /** 0: none. */
    readonly deadlineUnixMs: number;
    readonly trace: TraceContext;
  },
  executionId: string,
  call: Extract<Frame, { kind: "call" }>,
): ExecutionRequest {
  const { environment, task, policy, affinityKey = "", priority, freshReplica = false } = call.header;
  const {
    idempotencyKey = "",
    retryPolicy,
    attemptTimeoutMs = 0,
    queueTimeoutMs = 0,
    deadlineUnixMs = 0,
  } = call.header;
  const { runId } = parent;
  const { traceparent, tracestate, unsampled } = parent.trace;
  insist(typeof environment === "string", "environment", "text");
  insist(typeof task === "string", "task", "text");
  insist(typeof affinityKey === "string", "affinityKey", "text");
  insist(typeof idempotencyKey === "string", "idempotencyKey", "text");
  insist(Number.isFinite(attemptTimeoutMs), "attemptTimeoutMs", "a number");
  insist(Number.isFinite(queueTimeoutMs), "queueTimeoutMs", "a number");
  insist(Number.isFinite(deadlineUnixMs), "deadlineUnixMs", "a number");
  insist(typeof freshReplica === "boolean", "freshReplica", "true or false");
  insist(priority === undefined || isInt32(priority), "priority", "an integer");
  const request = create(ExecutionRequestSchema, {
    ...{ executionId, environment, task, runId, traceparent, tracestate, unsampled, affinityKey, freshReplica },
    ...{ idempotencyKey, attemptTimeoutMs, queueTimeoutMs },
    deadlineUnixMs: sooner(deadlineUnixMs, parent.deadlineUnixMs),
    ...(priority === undefined ? {} : { priority }),
  });
  request.parentId = parent.executionId;
  request.arguments = toPayload(call.body);
  if (policy !== undefined) request.policyOverride = toPolicy(policy);
  if (retryPolicy !== undefined) request.retryPolicy = toRetryPolicy(retryPolicy);
  return request;
}

/** What was asked for of the execution that came as this dispatch. `rest`: what the dispatch says beside its own fields. */
export function toRequest(dispatch: Dispatch, rest: ExecutionRequest): ExecutionRequest {
  const { executionId, task, runId, deadlineUnixMs } = dispatch;
  const request = { ...rest, executionId, task, runId, deadlineUnixMs };
  if (dispatch.arguments !== undefined) request.arguments = dispatch.arguments;
  return request;
}

/** Of two deadlines, where 0 is none. */
function sooner(one: number, other: number): number {
  return one === 0 || other === 0 ? one || other : Math.min(one, other);
}

function toPolicy(policy: object): ReusePolicy {
  try {
    return fromJson(ReusePolicySchema, policy as JsonValue);
  } catch (error) {
    throw new HearthError("INVALID_POLICY", `The policy of the call cannot be read: ${(error as Error).message}`);
  }
}

function toRetryPolicy(policy: object): RetryPolicy {
  try {
    return fromJson(RetryPolicySchema, policy as JsonValue);
  } catch (error) {
    throw new HearthError("INVALID_POLICY", `The retryPolicy of the call cannot be read: ${(error as Error).message}`);
  }
}

/** User code may have reached into the runner: a header's types are only what it says they are. */
function insist(isSo: boolean, field: string, what: string): void {
  if (!isSo) throw new HearthError("INVALID_EXECUTION", `The ${field} of the call must be ${what}.`);
}

function isInt32(value: unknown): boolean {
  return Number.isInteger(value) && (value as number) === ((value as number) | 0);
}

function fromOutcome(outcome: Outcome): WireOutcome {
  switch (outcome) {
    case Outcome.SUCCEEDED:
      return "succeeded";
    case Outcome.TIMED_OUT:
      return "timed_out";
    case Outcome.CANCELLED:
      return "cancelled";
    case Outcome.LOST:
      return "lost";
    case Outcome.FAILED:
    case Outcome.UNSPECIFIED:
      return "failed";
  }
}

/** Cut in the middle: the beginning and the end of a traceback say most. */
function cut(text: string, max: number): string {
  if (text.length <= max) return text;
  const half = Math.floor(max / 2) - 20;
  return `${text.slice(0, half)}\n... ${text.length - 2 * half} characters left out ...\n${text.slice(-half)}`;
}
