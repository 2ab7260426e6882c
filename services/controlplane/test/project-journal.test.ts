import { expect, test } from "vitest";
import { phaseOf, type ExecutionHistory } from "../src/core/execution-history.ts";
import { projectRecord, type AttemptEnd, type HistoryRecord } from "../src/core/project-journal.ts";

const executionId = "x";
const accepted: HistoryRecord = {
  kind: "accepted",
  executionId,
  atMs: 10,
  runId: "",
  parentId: "",
  environment: "e",
  task: "t",
  pool: "e",
  storedArguments: undefined,
};
const dispatched = (number: number): HistoryRecord & { readonly kind: "dispatched" } => ({
  kind: "dispatched",
  executionId,
  atMs: 10 + number,
  number,
  replicaId: `r${number}`,
  version: "v",
  cold: number === 1,
  waitReason: "",
  waitedMs: 0,
});
const attemptEnd = (number: number, outcome: AttemptEnd["outcome"]): AttemptEnd => {
  return { number, outcome, failure: undefined, startedMs: 20, endedMs: 30, runnerPid: 99 };
};
const attemptEnded = (number: number, outcome: AttemptEnd["outcome"]): HistoryRecord => {
  return { kind: "attemptEnded", executionId, atMs: 30, end: attemptEnd(number, outcome) };
};
const ended = (outcome: AttemptEnd["outcome"], atMs = 40, attempt?: AttemptEnd): HistoryRecord => {
  const nothing = { result: undefined, storedResult: undefined, failure: undefined };
  return { kind: "ended", executionId, atMs, outcome, ...nothing, attempt };
};

function project(...records: readonly HistoryRecord[]): ExecutionHistory | undefined {
  return records.reduce<ExecutionHistory | undefined>(projectRecord, undefined);
}

function phaseAfter(...records: readonly HistoryRecord[]): string {
  const execution = project(...records);
  return execution === undefined ? "unknown" : phaseOf(execution);
}

test("a root's run is the execution itself", () => {
  expect(project(accepted)).toMatchObject({ id: "x", runId: "x", acceptedMs: 10 });
});

test.each([
  { phase: "queued", records: [accepted] },
  { phase: "running", records: [accepted, dispatched(1)] },
  { phase: "queued", records: [accepted, dispatched(1), attemptEnded(1, "lost")] },
  { phase: "running", records: [accepted, dispatched(1), attemptEnded(1, "lost"), dispatched(2)] },
  { phase: "succeeded", records: [accepted, dispatched(1), ended("succeeded")] },
  { phase: "failed", records: [accepted, ended("lost")] },
  { phase: "cancelled", records: [accepted, ended("cancelled")] },
  { phase: "timedOut", records: [accepted, ended("timedOut")] },
  { phase: "unknown", records: [dispatched(1), ended("succeeded")] },
])("$phase after $records.length records", ({ phase, records }) => {
  expect(phaseAfter(...records)).toBe(phase);
});

test("the first end of an execution counts", () => {
  expect(project(accepted, ended("succeeded", 40), ended("failed", 41))).toMatchObject({
    outcome: "succeeded",
    endedMs: 40,
  });
});

test("an end brings its attempt with it", () => {
  const execution = project(accepted, dispatched(1), ended("succeeded", 40, attemptEnd(1, "succeeded")));
  expect(execution?.attempts).toMatchObject([{ number: 1, replicaId: "r1", runnerPid: 99, outcome: "succeeded" }]);
});

test("a dispatch that comes after the end of its attempt still says where it ran", () => {
  const execution = project(accepted, attemptEnded(1, "failed"), dispatched(1));
  expect(execution?.attempts).toMatchObject([{ replicaId: "r1", outcome: "failed" }]);
});

test("an attempt whose first claim was refused ran where it was claimed last", () => {
  const first = dispatched(1);
  const elsewhere: HistoryRecord = { ...first, atMs: first.atMs + 1, replicaId: "elsewhere" };
  const end = ended("succeeded", 40, attemptEnd(1, "succeeded"));
  expect(project(accepted, first, elsewhere, end)?.attempts).toMatchObject([{ replicaId: "elsewhere" }]);
  expect(project(accepted, first, elsewhere, first, end, elsewhere, first)?.attempts).toMatchObject([
    { number: 1, replicaId: "elsewhere" },
  ]);
});

test("reading all records a second time changes nothing", () => {
  const records = [accepted, dispatched(1), attemptEnded(1, "lost"), dispatched(2), ended("failed")];
  const once = project(...records);
  expect(records.reduce<ExecutionHistory | undefined>(projectRecord, once)).toBe(once);
});
