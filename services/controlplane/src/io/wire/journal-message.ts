import { create } from "@bufbuild/protobuf";
import {
  AcceptedSchema,
  AttemptEndSchema,
  DispatchedSchema,
  JournalRecordSchema,
  Outcome,
  type AttemptEnd as AttemptEndMessage,
  type Carried,
  type Dispatched,
  type JournalRecord,
  type LogBatch,
  type Payload,
} from "@hearth/proto";
import { isSha256 } from "@hearth/payloads";
import type { StoredPayload } from "../../core/execution-history.ts";
import type { AttemptEnd, HistoryRecord } from "../../core/project-journal.ts";
import type { PlacedLogLine } from "../history-store.ts";
import { failureFromMessage, outcomeFromMessage } from "./outcome-message.ts";
import { amount, isAttemptNumber, isId, moment, text, whole } from "./sane.ts";

/** A record as the projection takes it: as none when a router says no such thing, as several when it says several things. */
export function recordsFromMessage(record: JournalRecord): readonly HistoryRecord[] {
  if (record.event.case === "carried") return carriedRecords(record.event.value);
  return [readRecord(record), readDispatchWithin(record)].flatMap((read) => ofExecution(read) ?? []);
}

/** What a router takes over, as the records that first said it: what is known already they do not change. */
function carriedRecords({ execution, pool, acceptedUnixMs, attempts, ended, endedUnixMs }: Carried): HistoryRecord[] {
  if (execution === undefined) return [];
  const { executionId } = execution;
  const records = [recordOf(acceptedUnixMs, { case: "accepted", value: create(AcceptedSchema, { execution, pool }) })];
  for (const attempt of attempts) {
    const { number, replicaId, version, cold, waitReason, waitedMs, dispatchedUnixMs } = attempt;
    const { outcome, failure, startedUnixMs, endedUnixMs: attemptEndedMs, runnerPid } = attempt;
    const dispatched = { executionId, attempt: number, replicaId, version, cold, waitReason, waitedMs };
    records.push(recordOf(dispatchedUnixMs, { case: "dispatched", value: create(DispatchedSchema, dispatched) }));
    if (outcome === Outcome.UNSPECIFIED) continue;
    const end = create(AttemptEndSchema, {
      ...{ executionId, attempt: number, outcome, startedUnixMs, endedUnixMs: attemptEndedMs, runnerPid },
    });
    if (failure !== undefined) end.failure = failure;
    records.push(recordOf(attemptEndedMs || dispatchedUnixMs, { case: "attemptEnded", value: end }));
  }
  if (ended !== undefined) records.push(recordOf(endedUnixMs, { case: "ended", value: ended }));
  return records.flatMap((one) => ofExecution(readRecord(one)) ?? []);
}

function recordOf(unixMs: number, event: JournalRecord["event"]): JournalRecord {
  return create(JournalRecordSchema, { unixMs, event });
}

/** Undefined: it is about no execution. */
function ofExecution(read: HistoryRecord | undefined): HistoryRecord | undefined {
  return read === undefined || !isId(read.executionId) ? undefined : read;
}

function readRecord(record: JournalRecord): HistoryRecord | undefined {
  const atMs = moment(record.unixMs);
  const { event } = record;
  switch (event.case) {
    case "accepted": {
      const { execution, pool } = event.value;
      if (execution === undefined || (execution.runId !== "" && !isId(execution.runId))) return undefined;
      const { executionId, runId } = execution;
      const [parentId, environment, task] = [
        text(execution.parentId),
        text(execution.environment),
        text(execution.task),
      ];
      return {
        kind: "accepted",
        atMs,
        executionId,
        runId,
        parentId,
        environment,
        task,
        pool: text(pool) || environment,
        storedArguments: storedPayload(execution.arguments),
      };
    }
    case "dispatched":
      return readDispatch(atMs, event.value.executionId, event.value);
    case "attemptEnded":
      if (!isAttemptNumber(event.value.attempt)) return undefined;
      return { kind: "attemptEnded", atMs, executionId: event.value.executionId, end: toAttemptEnd(event.value) };
    case "ended": {
      const { end, attempt } = event.value;
      if (end === undefined) return undefined;
      return {
        kind: "ended",
        atMs,
        executionId: end.executionId,
        outcome: outcomeFromMessage(end.outcome),
        result: end.result?.inline,
        storedResult: storedPayload(end.result),
        failure: failureFromMessage(end.failure),
        attempt: attempt !== undefined && isAttemptNumber(attempt.attempt) ? toAttemptEnd(attempt) : undefined,
      };
    }
    case "carried":
    case "opened":
    case "sealed":
    case undefined:
      return undefined;
  }
}

/** The dispatch that an acceptance says with itself. */
function readDispatchWithin({ unixMs, event }: JournalRecord): HistoryRecord | undefined {
  if (event.case !== "accepted" || event.value.dispatched === undefined) return undefined;
  const { execution, dispatched } = event.value;
  return readDispatch(moment(unixMs), execution?.executionId ?? "", dispatched);
}

function readDispatch(atMs: number, executionId: string, dispatched: Dispatched): HistoryRecord | undefined {
  const { attempt: number, cold } = dispatched;
  if (!isAttemptNumber(number)) return undefined;
  const [replicaId, version] = [text(dispatched.replicaId), text(dispatched.version)];
  const [waitReason, waitedMs] = [text(dispatched.waitReason), amount(dispatched.waitedMs)];
  return { kind: "dispatched", atMs, executionId, number, replicaId, version, cold, waitReason, waitedMs };
}

function storedPayload(payload: Payload | undefined): StoredPayload | undefined {
  const { stored } = payload ?? {};
  return stored === undefined || !isSha256(stored.sha256)
    ? undefined
    : { sha256: stored.sha256, sizeBytes: whole(stored.sizeBytes) };
}

function toAttemptEnd(end: AttemptEndMessage): AttemptEnd {
  return {
    number: end.attempt,
    outcome: outcomeFromMessage(end.outcome),
    failure: failureFromMessage(end.failure),
    startedMs: moment(end.startedUnixMs),
    endedMs: moment(end.endedUnixMs),
    runnerPid: whole(end.runnerPid),
  };
}

/** The lines of a batch. `sequence` is the batch's place in its stream. */
export function logLinesFromMessage(batch: LogBatch, sequence: number): readonly PlacedLogLine[] {
  return batch.entries.flatMap(({ runId, line }, entry) => {
    if (line === undefined || !isId(runId) || !isId(line.executionId)) return [];
    const { executionId, stream, text: printed } = line;
    const [attempt, unixMs] = [whole(line.attempt), moment(line.unixMs)];
    return [{ runId, executionId, attempt, unixMs, stream, text: printed, sequence, entry }];
  });
}
