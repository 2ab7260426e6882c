import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import {
  type AttemptSchema,
  ExecutionSchema,
  LogLineSchema,
  RunSchema,
  type Execution as ExecutionMessage,
  type LogLine as LogLineMessage,
  type Run as RunMessage,
} from "@hearth/proto";
import { phaseOf, type Attempt, type ExecutionHistory } from "../../core/execution-history.ts";
import type { LogLine } from "../../core/log-budget.ts";
import type { RunHistory } from "../history-store.ts";
import { failureToMessage, outcomeToMessage, phaseMessages } from "./outcome-message.ts";

/** A run as clients see it. `url` is where its page is. */
export function runToMessage({ root, counts }: RunHistory, url: string): RunMessage {
  return create(RunSchema, {
    name: root.id,
    environment: root.environment,
    task: root.task,
    phase: phaseMessages[phaseOf(root)],
    url,
    createdAt: timestampFromMs(root.acceptedMs),
    ...(root.endedMs === 0 ? {} : { endedAt: timestampFromMs(root.endedMs) }),
    ...outcomeFields(root),
    executions: {
      queued: counts.queued,
      running: counts.running,
      succeeded: counts.succeeded,
      failed: counts.failed + counts.timedOut + counts.cancelled,
    },
  });
}

/** `waitReason`: why it is waiting for a slot right now. */
export function executionToMessage(execution: ExecutionHistory, waitReason = ""): ExecutionMessage {
  return create(ExecutionSchema, {
    id: execution.id,
    runId: execution.runId,
    parentId: execution.parentId,
    environment: execution.environment,
    task: execution.task,
    pool: execution.pool,
    phase: phaseMessages[phaseOf(execution)],
    acceptedUnixMs: execution.acceptedMs,
    endedUnixMs: execution.endedMs,
    attempts: execution.attempts.map(attemptToMessage),
    ...outcomeFields(execution),
    waitReason: phaseOf(execution) === "queued" ? waitReason : "",
  });
}

function outcomeFields({ result, storedResult: stored, failure }: ExecutionHistory) {
  return {
    ...(result === undefined ? {} : { result: stored === undefined ? { inline: result } : { stored } }),
    ...(failure === undefined ? {} : { failure: failureToMessage(failure) }),
  };
}

function attemptToMessage(attempt: Attempt): MessageInitShape<typeof AttemptSchema> {
  return {
    number: attempt.number,
    replicaId: attempt.replicaId,
    version: attempt.version,
    runnerPid: attempt.runnerPid,
    cold: attempt.cold,
    waitReason: attempt.waitReason,
    waitedMs: attempt.waitedMs,
    dispatchedUnixMs: attempt.dispatchedMs,
    startedUnixMs: attempt.startedMs,
    endedUnixMs: attempt.endedMs,
    outcome: outcomeToMessage(attempt.outcome),
    ...(attempt.failure === undefined ? {} : { failure: failureToMessage(attempt.failure) }),
  };
}

export function logLineToMessage({ executionId, attempt, unixMs, stream, text }: LogLine): LogLineMessage {
  return create(LogLineSchema, { executionId, attempt, unixMs, stream, text });
}
