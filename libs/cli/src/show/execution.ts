import type { Attempt, Execution } from "@hearth/proto";
import { attemptCause, showStart } from "./attempt.ts";
import { showPhase } from "./names.ts";
import { showDuration, showMoment, showSpan } from "./times.ts";

export const executionHeadings = [
  "execution",
  "task",
  "phase",
  "accepted",
  "took",
  "attempt",
  "start",
  "waited",
  "replica",
  "runner",
  "waited because",
  "ended because",
];

/** A row for each attempt, what is the execution's own in the first; and one for the slot it waits for right now. */
export function executionRows(execution: Execution, nowMs: number): readonly (readonly string[])[] {
  const attempts = execution.attempts.map(attemptCells);
  if (execution.waitReason !== "" || attempts.length === 0) attempts.push(waitingCells(execution, nowMs));
  const own = [
    execution.id,
    `${execution.environment}/${execution.task}`,
    showPhase(execution.phase),
    showMoment(execution.acceptedUnixMs),
    showSpan(execution.acceptedUnixMs, execution.endedUnixMs, nowMs),
  ];
  return attempts.map((cells, at) => [...(at === 0 ? own : own.map(() => "")), ...cells]);
}

function attemptCells(attempt: Attempt): readonly string[] {
  return [
    String(attempt.number),
    showStart(attempt),
    showDuration(attempt.waitedMs),
    attempt.replicaId,
    attempt.runnerPid === 0 ? "" : String(attempt.runnerPid),
    attempt.waitReason,
    attemptCause(attempt),
  ];
}

/** After a first attempt nobody says since when it waits again. */
function waitingCells(
  { acceptedUnixMs, endedUnixMs, attempts, waitReason }: Execution,
  nowMs: number,
): readonly string[] {
  const waited = attempts.length === 0 ? showSpan(acceptedUnixMs, endedUnixMs, nowMs) : "";
  return ["", "", waited, "", "", waitReason, ""];
}
