import type { AttemptEnd as AttemptEndMessage, JournalRecord, LogBatch } from "@hearth/proto";
import type { AttemptEnd, HistoryRecord } from "../../core/project-journal.ts";
import type { PlacedLogLine } from "../history-store.ts";
import { failureFromMessage, outcomeFromMessage } from "./outcome-message.ts";

/** A record as the projection takes it. Undefined: it says nothing this version understands. */
export function recordFromMessage(record: JournalRecord): HistoryRecord | undefined {
  const atMs = record.unixMs;
  const { event } = record;
  switch (event.case) {
    case "accepted": {
      const { execution, pool } = event.value;
      if (execution === undefined || execution.executionId === "") return undefined;
      const { executionId, runId, parentId, environment, task } = execution;
      return { kind: "accepted", atMs, executionId, runId, parentId, environment, task, pool: pool || environment };
    }
    case "dispatched": {
      const { executionId, attempt: number, replicaId, version, cold, waitReason, waitedMs } = event.value;
      return { kind: "dispatched", atMs, executionId, number, replicaId, version, cold, waitReason, waitedMs };
    }
    case "attemptEnded":
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
        attempt: attempt === undefined ? undefined : toAttemptEnd(attempt),
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
    startedMs: end.startedUnixMs,
    endedMs: end.endedUnixMs,
    runnerPid: end.runnerPid,
  };
}

/** The lines of a batch. `sequence` is the batch's place in its stream. */
export function logLinesFromMessage(batch: LogBatch, sequence: number): readonly PlacedLogLine[] {
  return batch.entries.flatMap(({ runId, line }, entry) => {
    if (line === undefined) return [];
    const { executionId, attempt, unixMs, stream, text } = line;
    return [{ runId, executionId, attempt, unixMs, stream, text, sequence, entry }];
  });
}
