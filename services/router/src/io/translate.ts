import { create } from "@bufbuild/protobuf";
import type { HearthError } from "@hearth/errors";
import {
  AttemptEndSchema,
  ExecutionPhase,
  ExecutionSchema,
  FailureSchema,
  Outcome as WireOutcome,
  type Attempt as WireAttempt,
  type AttemptEnd as WireAttemptEnd,
  type Environment,
  type Execution as WireExecution,
  type ExecutionEnd,
  type ExecutionRejection,
  type Failure,
} from "@hearth/proto";
import { completePolicy, defaultPolicy, freshReplicaPolicy } from "@hearth/policy";
import { policyFromMessage, policyToMessage } from "@hearth/policy/wire";
import type { EnvironmentFacts } from "../core/events.ts";
import type { Attempt, AttemptEnd, Execution, Outcome } from "../core/execution.ts";

const wireOutcomes: Readonly<Record<Outcome, WireOutcome>> = {
  succeeded: WireOutcome.SUCCEEDED,
  failed: WireOutcome.FAILED,
  timed_out: WireOutcome.TIMED_OUT,
  cancelled: WireOutcome.CANCELLED,
  lost: WireOutcome.LOST,
};

const phases: Readonly<Record<Outcome, ExecutionPhase>> = {
  succeeded: ExecutionPhase.SUCCEEDED,
  failed: ExecutionPhase.FAILED,
  timed_out: ExecutionPhase.TIMED_OUT,
  cancelled: ExecutionPhase.CANCELLED,
  lost: ExecutionPhase.FAILED,
};

/** That an execution is refused, and why. */
export function toRejection(
  executionId: string,
  { reason, message, metadata }: Pick<HearthError, "reason" | "message" | "metadata">,
): ExecutionRejection {
  return {
    $typeName: "hearth.v1.ExecutionRejection",
    executionId,
    failure: { $typeName: "hearth.v1.Failure", reason, message, exceptionType: "", traceback: "" },
    retryAfterMs: Number(metadata["retryAfterMs"] ?? 0),
  };
}

/** An environment as the core sees it. */
export function toFacts({ version, policy }: Environment): EnvironmentFacts {
  const decision = completePolicy(policy === undefined ? {} : policyFromMessage(policy));
  // The catalogue holds valid policies only; the defaults are as good as any other answer.
  const complete = decision.kind === "valid" ? decision.policy : defaultPolicy;
  return {
    version: version?.id ?? "",
    maxReplicas: complete.maxReplicas,
    isolateOutOfMemory: complete.isolateOutOfMemory,
    freshReplicaPolicy: policyToMessage(freshReplicaPolicy(complete)),
  };
}

/** An agent's report as the core sees it. What says nothing of how it ended counts as lost. */
export function fromReport(report: WireAttemptEnd): AttemptEnd {
  return {
    outcome: fromWireOutcome(report.outcome),
    reason: report.failure?.reason ?? "",
    message: report.failure?.message ?? "",
    exceptionType: report.failure?.exceptionType ?? "",
    resultBytes: report.result?.inline.length ?? 0,
    neighbours: report.neighbours,
    report,
  };
}

/** How an attempt of a journal ended. */
export function fromAttemptEnd(attempt: WireAttempt): AttemptEnd {
  const { outcome, failure, startedUnixMs, endedUnixMs, runnerPid } = attempt;
  const report = create(AttemptEndSchema, { attempt: attempt.number, outcome, startedUnixMs, endedUnixMs, runnerPid });
  if (failure !== undefined) report.failure = failure;
  return fromReport(report);
}

function fromWireOutcome(outcome: WireOutcome): Outcome {
  switch (outcome) {
    case WireOutcome.SUCCEEDED:
      return "succeeded";
    case WireOutcome.FAILED:
      return "failed";
    case WireOutcome.TIMED_OUT:
      return "timed_out";
    case WireOutcome.CANCELLED:
      return "cancelled";
    case WireOutcome.LOST:
    case WireOutcome.UNSPECIFIED:
      return "lost";
    // A number that a later version of the protocol may give.
    default:
      return "lost";
  }
}

/** The end under the id it was asked for by: a key may stand for an execution of another id. */
export function endAs(end: ExecutionEnd, executionId: string): ExecutionEnd {
  return end.executionId === executionId ? end : { ...end, executionId };
}

/** How an execution ended, for whoever waits for it. */
export function toExecutionEnd(executionId: string, end: AttemptEnd): ExecutionEnd {
  const message: ExecutionEnd = {
    $typeName: "hearth.v1.ExecutionEnd",
    executionId,
    outcome: wireOutcomes[end.outcome],
  };
  const result = reportOf(end)?.result;
  if (result !== undefined) message.result = result;
  const failure = toFailure(end);
  if (failure !== undefined) message.failure = failure;
  return message;
}

/** What this router knows of an execution. */
export function toExecution(execution: Execution): WireExecution {
  const { id, runId, parentId, environment, task, pool, acceptedAt, state } = execution;
  const message = create(ExecutionSchema, { id, runId, parentId, environment, task, pool, acceptedUnixMs: acceptedAt });
  message.attempts = execution.attempts.map(toAttempt);
  switch (state.kind) {
    case "queued":
      message.phase = ExecutionPhase.QUEUED;
      message.waitReason = state.waitReason;
      break;
    case "running":
      message.phase = ExecutionPhase.RUNNING;
      break;
    case "ended": {
      message.phase = phases[state.end.outcome];
      message.endedUnixMs = state.at;
      const { result, failure } = toExecutionEnd(id, state.end);
      if (result !== undefined) message.result = result;
      if (failure !== undefined) message.failure = failure;
    }
  }
  return message;
}

export function toAttempt(attempt: Attempt): WireAttempt {
  const { number, replicaId, version, cold, waitReason, waitedMs, dispatchedAt, end } = attempt;
  const message: WireAttempt = {
    $typeName: "hearth.v1.Attempt",
    ...{ number, replicaId, version, cold, waitReason, waitedMs },
    dispatchedUnixMs: dispatchedAt,
    ...{ runnerPid: 0, startedUnixMs: 0, endedUnixMs: 0, outcome: WireOutcome.UNSPECIFIED },
  };
  if (end === undefined) return message;
  message.outcome = wireOutcomes[end.outcome];
  const report = reportOf(end);
  if (report !== undefined) {
    message.runnerPid = report.runnerPid;
    message.startedUnixMs = report.startedUnixMs;
    message.endedUnixMs = report.endedUnixMs;
  }
  const failure = toFailure(end);
  if (failure !== undefined) message.failure = failure;
  return message;
}

/** The agent's own message behind an end; none when the router decided it. */
export function reportOf(end: AttemptEnd): WireAttemptEnd | undefined {
  return end.report as WireAttemptEnd | undefined;
}

function toFailure(end: AttemptEnd): Failure | undefined {
  if (end.outcome === "succeeded") return undefined;
  return reportOf(end)?.failure ?? create(FailureSchema, { reason: end.reason, message: end.message });
}
