import type { Selectable } from "kysely";
import type {
  Attempt,
  ExecutionHistory,
  Failure,
  Outcome,
  Phase,
  StoredPayload,
} from "../../core/execution-history.ts";
import type { Tables } from "./tables.ts";

type ExecutionRow = Selectable<Tables["executions"]>;
type AttemptRow = Selectable<Tables["attempts"]>;

/** PostgreSQL's texts cannot hold NUL, nor be compared with one that does; what users write and ask for may have one. */
export function clean(text: string): string {
  return text.replaceAll("\0", "\uFFFD");
}

export function executionRow(execution: ExecutionHistory, phase: Phase): ExecutionRow {
  return {
    id: execution.id,
    run_id: execution.runId,
    parent_id: execution.parentId,
    environment: execution.environment,
    task: execution.task,
    pool: execution.pool,
    phase,
    outcome: execution.outcome,
    accepted_ms: execution.acceptedMs,
    ended_ms: execution.endedMs,
    result: execution.result ?? null,
    stored_arguments: execution.storedArguments?.sha256 ?? null,
    stored_arguments_bytes: execution.storedArguments?.sizeBytes ?? null,
    stored_result: execution.storedResult?.sha256 ?? null,
    stored_result_bytes: execution.storedResult?.sizeBytes ?? null,
    failure_json: failureJson(execution.failure),
  };
}

export function attemptRows(execution: ExecutionHistory): readonly AttemptRow[] {
  return execution.attempts.map((attempt) => ({
    execution_id: execution.id,
    number: attempt.number,
    replica_id: attempt.replicaId,
    version: attempt.version,
    runner_pid: attempt.runnerPid,
    cold: attempt.cold ? 1 : 0,
    wait_reason: clean(attempt.waitReason),
    waited_ms: attempt.waitedMs,
    dispatched_ms: attempt.dispatchedMs,
    started_ms: attempt.startedMs,
    ended_ms: attempt.endedMs,
    outcome: attempt.outcome,
    failure_json: failureJson(attempt.failure),
  }));
}

export function toExecution(row: ExecutionRow, attempts: readonly AttemptRow[]): ExecutionHistory {
  return {
    id: row.id,
    runId: row.run_id,
    parentId: row.parent_id,
    environment: row.environment,
    task: row.task,
    pool: row.pool,
    acceptedMs: row.accepted_ms,
    endedMs: row.ended_ms,
    outcome: row.outcome as Outcome,
    result: row.result === null ? undefined : new Uint8Array(row.result),
    storedArguments: toStored(row.stored_arguments, row.stored_arguments_bytes),
    storedResult: toStored(row.stored_result, row.stored_result_bytes),
    failure: parseFailure(row.failure_json),
    attempts: attempts.map(toAttempt),
  };
}

function toStored(sha256: string | null, sizeBytes: number | null): StoredPayload | undefined {
  return sha256 === null ? undefined : { sha256, sizeBytes: sizeBytes ?? 0 };
}

function toAttempt(row: AttemptRow): Attempt {
  return {
    number: row.number,
    replicaId: row.replica_id,
    version: row.version,
    runnerPid: row.runner_pid,
    cold: row.cold === 1,
    waitReason: row.wait_reason,
    waitedMs: row.waited_ms,
    dispatchedMs: row.dispatched_ms,
    startedMs: row.started_ms,
    endedMs: row.ended_ms,
    outcome: row.outcome as Outcome,
    failure: parseFailure(row.failure_json),
  };
}

/** JSON escapes NUL, so a failure's texts need no cleaning. */
function failureJson(failure: Failure | undefined): string | null {
  return failure === undefined ? null : JSON.stringify(failure);
}

function parseFailure(json: string | null): Failure | undefined {
  return json === null ? undefined : (JSON.parse(json) as Failure);
}
