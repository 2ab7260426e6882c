import type { AttemptEnd as AttemptEndMessage, JournalRecord, LogBatch } from "@hearth/proto";
import type { AttemptEnd, HistoryRecord } from "../../core/project-journal.ts";
import type { PlacedLogLine } from "../history-store.ts";
import { failureFromMessage, outcomeFromMessage } from "./outcome-message.ts";
import { amount, isAttemptNumber, isId, moment, text, whole } from "./sane.ts";

/** A record as the projection takes it. Undefined: it says nothing this version understands, or nothing a router says. */
export function recordFromMessage(record: JournalRecord): HistoryRecord | undefined {
  const read = readRecord(record);
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
      };
    }
    case "dispatched": {
      const { executionId, attempt: number, cold } = event.value;
      if (!isAttemptNumber(number)) return undefined;
      const [replicaId, version] = [text(event.value.replicaId), text(event.value.version)];
      const [waitReason, waitedMs] = [text(event.value.waitReason), amount(event.value.waitedMs)];
      return { kind: "dispatched", atMs, executionId, number, replicaId, version, cold, waitReason, waitedMs };
    }
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
        failure: failureFromMessage(end.failure),
        attempt: attempt !== undefined && isAttemptNumber(attempt.attempt) ? toAttemptEnd(attempt) : undefined,
      };
    }
    // What a taken-over execution went through is in the records of the router that had it.
    case "carried":
    case "opened":
    case "sealed":
    case undefined:
      return undefined;
  }
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
