import { create } from "@bufbuild/protobuf";
import {
  AttemptEndSchema,
  OpenedSchema,
  SealedSchema,
  type Accepted,
  type AttemptEnd as WireAttemptEnd,
  type Carried,
  type Dispatched,
  type Ended,
  type ExecutionEnd,
  type ExecutionRequest,
  type JournalRecord,
} from "@hearth/proto";
import type { Attempt, AttemptEnd, Execution } from "../core/execution.ts";
import { reportOf, toAttempt, toExecutionEnd } from "./translate.ts";

/** The first record of a router. */
export function openedRecord(unixMs: number): JournalRecord {
  return record(unixMs, { case: "opened", value: create(OpenedSchema) });
}

/** The last record of a router, written by who takes over. */
export function sealedRecord(successorId: string, unixMs: number): JournalRecord {
  return record(unixMs, { case: "sealed", value: create(SealedSchema, { successorId }) });
}

/** The record of everything about an execution. */
export function carriedRecord(execution: Execution, fromRouterId: string, unixMs: number): JournalRecord {
  return record(unixMs, { case: "carried", value: toCarried(execution, fromRouterId) });
}

/** Everything about an execution. `fromRouterId`: the router it is taken over from, empty for one's own. */
function toCarried(execution: Execution, fromRouterId: string): Carried {
  const { pool, acceptedAt, attempts, state } = execution;
  const value: Carried = {
    $typeName: "hearth.v1.Carried",
    execution: execution.request as ExecutionRequest,
    pool,
    acceptedUnixMs: acceptedAt,
    attempts: attempts.map(toAttempt),
    endedUnixMs: 0,
    fromRouterId,
  };
  if (state.kind === "ended") {
    value.ended = toEnded(execution, toExecutionEnd(execution.id, state.end), state.end, state.at);
    value.endedUnixMs = state.at;
  }
  return value;
}

/** `attempt`: its first one, when that is sent at once. */
export function acceptedRecord(
  execution: ExecutionRequest,
  pool: string,
  unixMs: number,
  attempt?: Attempt,
): JournalRecord {
  const value: Accepted = { $typeName: "hearth.v1.Accepted", execution, pool };
  if (attempt !== undefined) value.dispatched = toDispatched("", attempt);
  return record(unixMs, { case: "accepted", value });
}

export function dispatchedRecord(execution: Execution, attempt: Attempt): JournalRecord {
  return record(attempt.dispatchedAt, { case: "dispatched", value: toDispatched(execution.id, attempt) });
}

function toDispatched(executionId: string, attempt: Attempt): Dispatched {
  return {
    $typeName: "hearth.v1.Dispatched",
    executionId,
    attempt: attempt.number,
    replicaId: attempt.replicaId,
    version: attempt.version,
    cold: attempt.cold,
    waitReason: attempt.waitReason,
    waitedMs: attempt.waitedMs,
  };
}

export function attemptEndedRecord(
  execution: Execution,
  attempt: Attempt,
  end: AttemptEnd,
  unixMs: number,
): JournalRecord {
  return record(unixMs, { case: "attemptEnded", value: toAttemptEnd(execution, attempt, end, unixMs) });
}

/** `message`: what `toExecutionEnd` makes of the end. */
export function endedRecord(
  execution: Execution,
  message: ExecutionEnd,
  end: AttemptEnd,
  unixMs: number,
): JournalRecord {
  return record(unixMs, { case: "ended", value: toEnded(execution, message, end, unixMs) });
}

function toEnded(execution: Execution, message: ExecutionEnd, end: AttemptEnd, unixMs: number): Ended {
  const value: Ended = { $typeName: "hearth.v1.Ended", end: message };
  const last = execution.attempts.at(-1);
  if (last?.end === end) value.attempt = withoutResult(toAttemptEnd(execution, last, end, unixMs));
  return value;
}

/** What stands in the end beside it is not said again: whose it is, and the result. */
function withoutResult(report: WireAttemptEnd): WireAttemptEnd {
  return {
    $typeName: "hearth.v1.AttemptEnd",
    executionId: "",
    attempt: report.attempt,
    outcome: report.outcome,
    failure: report.failure,
    startedUnixMs: report.startedUnixMs,
    endedUnixMs: report.endedUnixMs,
    runnerPid: report.runnerPid,
    neighbours: report.neighbours,
    receipt: 0,
  };
}

/** The agent's report of an attempt, or what the router says in its place. */
function toAttemptEnd(execution: Execution, attempt: Attempt, end: AttemptEnd, unixMs: number): WireAttemptEnd {
  const report = reportOf(end);
  if (report !== undefined) return report;
  const { outcome, failure } = toExecutionEnd(execution.id, end);
  const message = create(AttemptEndSchema, {
    executionId: execution.id,
    attempt: attempt.number,
    outcome,
    endedUnixMs: unixMs,
  });
  if (failure !== undefined) message.failure = failure;
  return message;
}

function record(unixMs: number, event: JournalRecord["event"]): JournalRecord {
  return { $typeName: "hearth.v1.JournalRecord", unixMs, event };
}
