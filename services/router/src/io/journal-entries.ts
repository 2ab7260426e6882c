import {
  Outcome,
  type Attempt as WireAttempt,
  type Carried,
  type Dispatched,
  type Ended,
  type JournalRecord,
} from "@hearth/proto";
import type { Attempt, AttemptEnd, Execution } from "../core/execution.ts";
import type { JournalEntry } from "../core/replay-journal.ts";
import { newExecution } from "./new-execution.ts";
import { fromAttemptEnd, fromReport } from "./translate.ts";

/**
 * What a record says, for the core. None: nothing about an execution. `isMine` tells whether what was carried over from a
 * router is the writer's.
 */
export function toEntries(record: JournalRecord, isMine: (fromRouterId: string) => boolean): readonly JournalEntry[] {
  const { event, unixMs } = record;
  switch (event.case) {
    case "accepted": {
      const { execution, pool, dispatched } = event.value;
      if (execution === undefined) return [];
      const accepted = { kind: "accepted", execution: newExecution(execution, pool, unixMs) } as const;
      if (dispatched === undefined) return [accepted];
      return [accepted, toDispatch(execution.executionId, dispatched, unixMs)];
    }
    case "dispatched":
      return [toDispatch(event.value.executionId, event.value, unixMs)];
    case "attemptEnded": {
      const { executionId, attempt } = event.value;
      return [{ kind: "attemptEnded", key: { executionId, attempt }, end: fromReport(event.value), at: unixMs }];
    }
    case "ended": {
      const end = toEnd(event.value);
      if (end === undefined) return [];
      return [{ kind: "ended", executionId: event.value.end?.executionId ?? "", end, at: unixMs }];
    }
    case "carried": {
      const execution = toExecution(event.value);
      if (execution === undefined) return [];
      const { fromRouterId } = event.value;
      return [{ kind: "carried", execution, isMine: fromRouterId === "" || isMine(fromRouterId) }];
    }
    case "opened":
    case "sealed":
    case undefined:
      return [];
  }
}

function toDispatch(executionId: string, { attempt: number, ...said }: Dispatched, unixMs: number): JournalEntry {
  const attempt = { ...said, number, dispatchedUnixMs: unixMs };
  return { kind: "dispatched", executionId, attempt: toAttempt(attempt, undefined) };
}

/** All that a record says of an execution. Undefined: it is none. */
function toExecution(carried: Carried): Execution | undefined {
  const { execution: request, pool, acceptedUnixMs, attempts, ended, endedUnixMs } = carried;
  if (request === undefined) return undefined;
  const execution: Execution = newExecution(request, pool, acceptedUnixMs);
  execution.attempts = attempts.map((attempt) =>
    toAttempt(attempt, attempt.outcome === Outcome.UNSPECIFIED ? undefined : fromAttemptEnd(attempt)),
  );
  const end = ended === undefined ? undefined : toEnd(ended);
  const last = execution.attempts.at(-1);
  if (end !== undefined) execution.state = { kind: "ended", at: endedUnixMs, end };
  else if (last !== undefined && last.end === undefined) execution.state = { kind: "running", attempt: last };
  return execution;
}

function toAttempt(
  attempt: Pick<
    WireAttempt,
    "number" | "replicaId" | "version" | "cold" | "waitReason" | "waitedMs" | "dispatchedUnixMs"
  >,
  end: AttemptEnd | undefined,
): Attempt {
  const { number, replicaId, version, cold, waitReason, waitedMs, dispatchedUnixMs: dispatchedAt } = attempt;
  return { number, replicaId, version, cold, waitReason, waitedMs, dispatchedAt, end };
}

/** How an execution ended; the attempt behind it is written without its result, which is in the end. */
function toEnd({ end, attempt }: Ended): AttemptEnd | undefined {
  if (end === undefined) return undefined;
  const { outcome, result, failure } = end;
  return fromReport({
    ...{ $typeName: "hearth.v1.AttemptEnd", executionId: end.executionId, attempt: attempt?.attempt ?? 0, outcome },
    ...(result === undefined ? {} : { result }),
    ...(failure === undefined ? {} : { failure }),
    startedUnixMs: attempt?.startedUnixMs ?? 0,
    endedUnixMs: attempt?.endedUnixMs ?? 0,
    runnerPid: attempt?.runnerPid ?? 0,
    neighbours: attempt?.neighbours ?? 0,
    receipt: 0,
  });
}
