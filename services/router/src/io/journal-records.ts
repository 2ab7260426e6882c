import { create } from "@bufbuild/protobuf";
import {
  AcceptedSchema,
  AttemptEndSchema,
  DispatchedSchema,
  EndedSchema,
  JournalRecordSchema,
  type AttemptEnd as WireAttemptEnd,
  type ExecutionRequest,
  type JournalRecord,
} from "@hearth/proto";
import type { Attempt, AttemptEnd, Execution } from "../core/execution.ts";
import { reportOf, toExecutionEnd } from "./translate.ts";

export function acceptedRecord(execution: ExecutionRequest, pool: string, unixMs: number): JournalRecord {
  return record(unixMs, { case: "accepted", value: create(AcceptedSchema, { execution, pool }) });
}

export function dispatchedRecord(execution: Execution, attempt: Attempt): JournalRecord {
  const { number, replicaId, version, cold, waitReason, waitedMs, dispatchedAt } = attempt;
  const value = create(DispatchedSchema, {
    executionId: execution.id,
    attempt: number,
    replicaId,
    version,
    cold,
    waitReason,
    waitedMs,
  });
  return record(dispatchedAt, { case: "dispatched", value });
}

export function attemptEndedRecord(
  execution: Execution,
  attempt: Attempt,
  end: AttemptEnd,
  unixMs: number,
): JournalRecord {
  return record(unixMs, { case: "attemptEnded", value: toAttemptEnd(execution, attempt, end, unixMs) });
}

export function endedRecord(execution: Execution, end: AttemptEnd, unixMs: number): JournalRecord {
  const value = create(EndedSchema, { end: toExecutionEnd(execution.id, end) });
  const last = execution.attempts.at(-1);
  // The attempt without its result: that is in the end already.
  if (last?.end === end) {
    value.attempt = toAttemptEnd(execution, last, end, unixMs);
    delete value.attempt.result;
  }
  return record(unixMs, { case: "ended", value });
}

/** The agent's report of an attempt, or what the router says in its place. */
function toAttemptEnd(execution: Execution, attempt: Attempt, end: AttemptEnd, unixMs: number): WireAttemptEnd {
  const report = reportOf(end);
  // A copy: the caller may leave parts out.
  if (report !== undefined) return create(AttemptEndSchema, { ...report });
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
  return create(JournalRecordSchema, { unixMs, event });
}
