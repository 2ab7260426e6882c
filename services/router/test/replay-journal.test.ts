import { describe, expect, it } from "vitest";
import type { Attempt, AttemptEnd, Execution } from "../src/core/execution.ts";
import { replayJournal, type JournalEntry } from "../src/core/replay-journal.ts";
import { anExecution } from "./samples.ts";

const accepted: JournalEntry = { kind: "accepted", execution: anExecution("x") };

function dispatched(number: number, replicaId = "r1"): JournalEntry {
  const attempt: Attempt = {
    ...{ number, replicaId, version: "v1", cold: false, waitReason: "", waitedMs: 0, dispatchedAt: 0, end: undefined },
  };
  return { kind: "dispatched", executionId: "x", attempt };
}

function endWith(outcome: AttemptEnd["outcome"]): AttemptEnd {
  return { outcome, reason: "", message: "", resultBytes: 0, neighbours: 0 };
}

function lost(attempt: number): JournalEntry {
  return { kind: "attemptEnded", key: { executionId: "x", attempt }, end: endWith("lost"), at: 5 };
}

function ended(outcome: AttemptEnd["outcome"]): JournalEntry {
  return { kind: "ended", executionId: "x", end: endWith(outcome), at: 9 };
}

/** What is known of x, in short words. */
function knownOf(...entries: readonly JournalEntry[]): string {
  const execution = replayJournal(structuredClone(entries)).get("x");
  if (execution === undefined) return "nothing";
  return [...execution.attempts.map(said), stateOf(execution)].join(", ");
}

function said({ number, replicaId, end }: Attempt): string {
  return `#${number} on ${replicaId} ${end?.outcome ?? "open"}`;
}

function stateOf({ state }: Execution): string {
  return state.kind === "ended" ? `ended ${state.end.outcome} at ${state.at}` : state.kind;
}

describe("an execution by its router's journal", () => {
  it.each<[string, string, readonly JournalEntry[]]>([
    ["waits once it is accepted", "queued", [accepted]],
    ["runs once it is dispatched", "#1 on r1 open, running", [accepted, dispatched(1)]],
    ["waits again when its attempt was lost", "#1 on r1 lost, queued", [accepted, dispatched(1), lost(1)]],
    [
      "is where it was sent last",
      "#1 on r1 lost, #2 on r2 open, running",
      [accepted, dispatched(1), lost(1), dispatched(2, "r2")],
    ],
    [
      "has one attempt of a number: a refused claim was none",
      "#1 on r2 open, running",
      [accepted, dispatched(1), dispatched(1, "r2")],
    ],
    [
      "ends with its attempt",
      "#1 on r1 succeeded, ended succeeded at 9",
      [accepted, dispatched(1), ended("succeeded")],
    ],
    ["may end without one", "ended cancelled at 9", [accepted, ended("cancelled")]],
    [
      "has the first end there is",
      "#1 on r1 succeeded, ended succeeded at 9",
      [accepted, dispatched(1), ended("succeeded"), ended("failed")],
    ],
    [
      "does not run again after its end",
      "#1 on r1 succeeded, ended succeeded at 9",
      [accepted, dispatched(1), ended("succeeded"), dispatched(2), lost(1)],
    ],
    ["is not heard of when its beginning is not", "nothing", [dispatched(1), ended("succeeded")]],
    ["is carried over", "queued", [{ kind: "carried", execution: anExecution("x"), isMine: true }]],
    [
      "is not there when its takeover did not come about",
      "nothing",
      [{ kind: "carried", execution: anExecution("x"), isMine: false }],
    ],
  ])("%s", (_sentence, expected, entries) => {
    expect(knownOf(...entries)).toBe(expected);
  });
});
