import { describe, expect, test } from "vitest";
import { account, type Rule } from "./account/account.ts";
import type { Answer, AttemptMark, Facts, Fault } from "./account/facts.ts";
import { lettersOf, type Work } from "./plan/work.ts";

const work: Work = {
  name: "w0",
  environment: "chaos-py-1",
  sleepMs: 10,
  argumentLetters: 3,
  resultLetters: 5,
  fails: false,
  failsFirst: 0,
  bound: undefined,
  calls: [],
};
const result = { name: "w0", received: 3, letters: lettersOf(work), calls: [] };
const ending = { outcome: "succeeded", reason: "", result } as const;
const crashed = { outcome: "failed", reason: "RUNNER_CRASHED", result: undefined } as const;
const answer: Answer = {
  ...{ name: "w0", ask: 0, askedMs: 1_000, executionId: "e0", wasAccepted: true },
  ...{ endings: [ending], endedMs: 2_000, tries: 1, lastTrouble: "" },
};
const start: AttemptMark = {
  ...{ atMs: 1_100, executionId: "e0", attempt: 1, name: "w0", environment: "chaos-py-1", pid: 7 },
};
const entry = { executionId: "e0", runId: "e0", ending, attempts: 1 } as const;
const right: Facts = {
  assignments: [{ atMs: 0, work, named: "id", asks: [] }],
  answers: [answer, { ...answer, ask: 1 }],
  starts: [start],
  ends: [{ ...start, atMs: 1_200 }],
  faults: [],
  history: [entry],
};
const again = { ...start, atMs: 4_000, attempt: 2, pid: 8 };

function fault(kind: Fault["kind"], pids: readonly number[]): Fault {
  return { atMs: 1_150, kind, action: "kill", target: "chaos-py-1-r", pids, pausedMs: 0, overMs: 1_160 };
}

/** The rules that something is said against. */
function broken(facts: Partial<Facts>): readonly string[] {
  const { findings } = account({ ...right, ...facts });
  return (Object.keys(findings) as Rule[]).filter((rule) => findings[rule].length > 0);
}

test("nothing is said against a run in which all is well", () => {
  expect(account(right)).toMatchObject({ ok: true, accepted: 1, results: 1, executions: 1, attempts: 1 });
});

describe("what must not happen is reported", () => {
  test("an ask without an outcome is lost", () => {
    expect(broken({ answers: [answer, { ...answer, ask: 1, endings: [], endedMs: 0 }] })).toEqual(["lost"]);
  });

  test("a repeat that became another execution is a duplicate", () => {
    expect(broken({ answers: [answer, { ...answer, ask: 1, executionId: "e1" }] })).toContain("duplicates");
  });

  test("two outcomes told to one ask are duplicates", () => {
    expect(broken({ answers: [{ ...answer, endings: [ending, ending] }] })).toEqual(["duplicates"]);
  });

  test("another result than the one that follows from the arguments is wrong", () => {
    const other = { ...ending, result: { ...result, letters: "w0.w1" } };
    const facts = { answers: [{ ...answer, endings: [other] }], history: [{ ...entry, ending: other }] };
    expect(broken(facts)).toEqual(["wrong"]);
  });

  test("a crash is wrong where no runner was killed, and right where one was", () => {
    const facts = { answers: [{ ...answer, endings: [crashed] }], history: [{ ...entry, ending: crashed }] };
    expect(broken(facts)).toEqual(["wrong"]);
    expect(broken({ ...facts, faults: [fault("runner", [7])] })).toEqual([]);
  });

  test("an execution that the history does not know, has no end of, or ends otherwise, is a difference", () => {
    expect(broken({ history: [] })).toEqual(["historyDifferences"]);
    expect(broken({ history: [{ ...entry, ending: undefined }] })).toEqual(["historyDifferences"]);
    expect(broken({ history: [{ ...entry, ending: crashed }] })).toEqual(["historyDifferences"]);
  });

  test("an attempt that the history does not have is a difference", () => {
    expect(broken({ starts: [start, again], faults: [fault("agent", [7])] })).toEqual(["historyDifferences"]);
  });

  test("task code that runs again while its replica is well is needless, whatever else died", () => {
    const facts = { starts: [start, again], history: [{ ...entry, attempts: 2 }] };
    expect(broken({ ...facts, faults: [fault("agent", [7])] })).toEqual([]);
    expect(broken({ ...facts, faults: [fault("router", [9])] })).toEqual(["needlessReRuns"]);
    expect(broken(facts)).toEqual(["needlessReRuns"]);
  });

  test("task code that runs again because its attempt raised as it was to is not needless, and once more is", () => {
    const assignments = [{ ...right.assignments[0]!, work: { ...work, failsFirst: 1 } }];
    const facts = { assignments, starts: [start, again], history: [{ ...entry, attempts: 3 }] };
    expect(broken(facts)).toEqual([]);
    expect(broken({ ...facts, starts: [start, again, { ...again, attempt: 3 }] })).toEqual(["needlessReRuns"]);
  });

  test("a result of work that must time out is wrong, and a timeout is right", () => {
    const assignments = [{ ...right.assignments[0]!, work: { ...work, bound: { by: "deadline", ms: 10 } as const } }];
    expect(broken({ assignments })).toEqual(["wrong"]);
    const late = { outcome: "timed_out", reason: "DEADLINE_EXCEEDED", result: undefined } as const;
    const facts = { answers: [{ ...answer, endings: [late] }], history: [{ ...entry, ending: late }] };
    expect(broken({ assignments, ...facts })).toEqual([]);
  });

  test("a result of work that must time out is right when the runner of what it waited for was killed", () => {
    const call = { ...work, name: "w0-0", sleepMs: 600_000 };
    const bound = { ...work, bound: { by: "deadline", ms: 10 } as const, calls: [call] };
    const assignments = [{ ...right.assignments[0]!, work: bound }];
    const told = { ...ending, result: { ...result, calls: [{ name: "w0-0", failed: "RUNNER_CRASHED" }] } } as const;
    const facts = { assignments, answers: [{ ...answer, endings: [told] }], history: [{ ...entry, ending: told }] };
    expect(broken(facts)).toEqual(["wrong"]);
    expect(broken({ ...facts, faults: [fault("runner", [7])] })).toEqual([]);
  });

  test("a call that became two executions while its parent ran once is a double call", () => {
    const call = { ...start, name: "w0-1", executionId: "c1" };
    const known = (executionId: string) => ({ ...entry, executionId });
    const facts = {
      starts: [start, call, { ...call, executionId: "c2" }],
      history: [entry, known("c1"), known("c2")],
    };
    expect(broken(facts)).toEqual(["doubleCalls"]);
  });
});
