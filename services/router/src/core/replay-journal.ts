import type { AttemptKey } from "./events.ts";
import { addAttempt, type Attempt, type AttemptEnd, type Execution } from "./execution.ts";

/** What one record of a journal says. */
export type JournalEntry =
  | { readonly kind: "accepted"; readonly execution: Execution }
  | { readonly kind: "dispatched"; readonly executionId: string; readonly attempt: Attempt }
  | { readonly kind: "attemptEnded"; readonly key: AttemptKey; readonly end: AttemptEnd; readonly at: number }
  | { readonly kind: "ended"; readonly executionId: string; readonly end: AttemptEnd; readonly at: number }
  /** `isMine`: whether it was the writer's in the end; a takeover that did not come about wrote in vain. */
  | { readonly kind: "carried"; readonly execution: Execution; readonly isMine: boolean };

/**
 * What a router had accepted, by what it wrote: each execution as it was when the last record was written. What is said of
 * an execution whose beginning was not read counts for nothing: its router had forgotten it.
 */
export function replayJournal(entries: Iterable<JournalEntry>): Map<string, Execution> {
  const executions = new Map<string, Execution>();
  for (const entry of entries) replayEntry(executions, entry);
  return executions;
}

function replayEntry(executions: Map<string, Execution>, entry: JournalEntry): void {
  switch (entry.kind) {
    case "accepted":
      executions.set(entry.execution.id, entry.execution);
      return;
    case "carried":
      if (entry.isMine) executions.set(entry.execution.id, entry.execution);
      return;
    case "dispatched": {
      const execution = executions.get(entry.executionId);
      if (execution === undefined || execution.state.kind === "ended") return;
      const { attempt } = entry;
      // A number is used again when a claim was refused: the refused one was no attempt.
      execution.attempts = execution.attempts.slice(0, attempt.number - 1);
      addAttempt(execution, attempt);
      execution.state = { kind: "running", attempt };
      return;
    }
    case "attemptEnded": {
      const execution = executions.get(entry.key.executionId);
      if (execution?.state.kind !== "running" || execution.state.attempt.number !== entry.key.attempt) return;
      execution.state.attempt.end = entry.end;
      execution.state = { kind: "queued", since: entry.at, waitReason: "" };
      return;
    }
    case "ended": {
      const execution = executions.get(entry.executionId);
      if (execution === undefined || execution.state.kind === "ended") return;
      if (execution.state.kind === "running") execution.state.attempt.end = entry.end;
      execution.state = { kind: "ended", at: entry.at, end: entry.end };
      return;
    }
  }
}
