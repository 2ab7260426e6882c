import type { Attempt, ExecutionHistory, Failure, Outcome, StoredPayload } from "./execution-history.ts";

/** An attempt's end as the journal has it. */
export interface AttemptEnd {
  readonly number: number;
  readonly outcome: Outcome;
  readonly failure: Failure | undefined;
  /** 0: the runner never began with it. */
  readonly startedMs: number;
  readonly endedMs: number;
  readonly runnerPid: number;
}

/** One record of the journal. */
export type HistoryRecord = { readonly executionId: string; readonly atMs: number } & (
  | {
      readonly kind: "accepted";
      /** Empty: it is a root, and the run is its own. */
      readonly runId: string;
      readonly parentId: string;
      readonly environment: string;
      readonly task: string;
      readonly pool: string;
      readonly storedArguments: StoredPayload | undefined;
    }
  | {
      readonly kind: "dispatched";
      readonly number: number;
      readonly replicaId: string;
      readonly version: string;
      readonly cold: boolean;
      readonly waitReason: string;
      readonly waitedMs: number;
    }
  | { readonly kind: "attemptEnded"; readonly end: AttemptEnd }
  | {
      readonly kind: "ended";
      readonly outcome: Outcome;
      readonly result: Uint8Array | undefined;
      readonly storedResult: StoredPayload | undefined;
      readonly failure: Failure | undefined;
      readonly attempt: AttemptEnd | undefined;
    }
);

/**
 * An execution after one more record, or the very same value when the record changes nothing: records come more than
 * once, and those of two routers may cross. The first end of an execution counts, and so does the first of an attempt.
 * A record of an execution whose acceptance was never seen is dropped: the journal no longer held it.
 */
export function projectRecord(
  known: ExecutionHistory | undefined,
  record: HistoryRecord,
): ExecutionHistory | undefined {
  if (record.kind === "accepted") return known ?? accepted(record);
  if (known === undefined) return undefined;
  switch (record.kind) {
    case "dispatched":
      return withAttempt(known, dispatchedAttempt(known, record));
    case "attemptEnded":
      return withEnd(known, record.end, record.atMs);
    case "ended": {
      if (known.outcome !== "none" || record.outcome === "none") return known;
      const { outcome, result, storedResult, failure, atMs: endedMs } = record;
      const updated = record.attempt === undefined ? known : withEnd(known, record.attempt, record.atMs);
      return { ...updated, outcome, result, storedResult, failure, endedMs };
    }
  }
}

function accepted(record: HistoryRecord & { readonly kind: "accepted" }): ExecutionHistory {
  return {
    id: record.executionId,
    runId: record.runId === "" ? record.executionId : record.runId,
    parentId: record.parentId,
    environment: record.environment,
    task: record.task,
    pool: record.pool,
    acceptedMs: record.atMs,
    endedMs: 0,
    outcome: "none",
    storedArguments: record.storedArguments,
    storedResult: undefined,
    result: undefined,
    failure: undefined,
    attempts: [],
  };
}

/**
 * The dispatch may come after the attempt's end, when it crossed another router's record. A second dispatch of an attempt
 * that has not ended means that the first claim was refused: the attempt runs where it was claimed last.
 */
function dispatchedAttempt(
  known: ExecutionHistory,
  record: HistoryRecord & { readonly kind: "dispatched" },
): Attempt | undefined {
  const present = known.attempts.find(({ number }) => number === record.number);
  if (present !== undefined && present.dispatchedMs !== 0) {
    const isOld = record.atMs < present.dispatchedMs || record.replicaId === present.replicaId;
    if (isOld || present.outcome !== "none") return undefined;
  }
  const { number, replicaId, version, cold, waitReason, waitedMs } = record;
  return {
    ...(present ?? blankAttempt(number)),
    replicaId,
    version,
    cold,
    waitReason,
    waitedMs,
    dispatchedMs: record.atMs,
  };
}

function withEnd(known: ExecutionHistory, end: AttemptEnd, atMs: number): ExecutionHistory {
  const present = known.attempts.find(({ number }) => number === end.number) ?? blankAttempt(end.number);
  if (present.outcome !== "none" || end.outcome === "none") return known;
  const { outcome, failure, startedMs, runnerPid } = end;
  const endedMs = end.endedMs === 0 ? atMs : end.endedMs;
  return withAttempt(known, { ...present, outcome, failure, startedMs, endedMs, runnerPid });
}

function withAttempt(known: ExecutionHistory, attempt: Attempt | undefined): ExecutionHistory {
  if (attempt === undefined) return known;
  const others = known.attempts.filter(({ number }) => number !== attempt.number);
  return { ...known, attempts: [...others, attempt].sort((a, b) => a.number - b.number) };
}

function blankAttempt(number: number): Attempt {
  return {
    number,
    replicaId: "",
    version: "",
    runnerPid: 0,
    cold: false,
    waitReason: "",
    waitedMs: 0,
    dispatchedMs: 0,
    startedMs: 0,
    endedMs: 0,
    outcome: "none",
    failure: undefined,
  };
}
