import { create } from "@bufbuild/protobuf";
import { durationFromMs, timestampFromMs } from "@bufbuild/protobuf/wkt";
import {
  ExecutionPhase,
  ExecutionSchema,
  FailureSchema,
  PoolSchema,
  ReplicaState,
  ReusePolicySchema,
  RunSchema,
  Scope,
} from "@hearth/proto";
import { describe, expect, test } from "vitest";
import { attemptLine } from "../src/show/attempt.ts";
import { showBytes } from "../src/show/bytes.ts";
import { toDocument } from "../src/show/document.ts";
import { poolSummary } from "../src/show/environment.ts";
import { executionHeadings, executionRows } from "../src/show/execution.ts";
import { showPhase } from "../src/show/names.ts";
import { showPolicy } from "../src/show/policy.ts";
import { runProgress, runSummary } from "../src/show/run.ts";
import { table } from "../src/show/table.ts";
import { showDuration, showSpan } from "../src/show/times.ts";

describe("a table", () => {
  test("is as wide in each column as its widest cell, and ends its lines with text", () => {
    expect(
      table(
        ["run", "phase"],
        [
          ["a-long-name", "queued"],
          ["b", ""],
        ],
      ),
    ).toBe("RUN          PHASE\na-long-name  queued\nb");
  });

  test("without rows is its headings", () => {
    expect(table(["run", "phase"], [])).toBe("RUN  PHASE");
  });
});

describe("times", () => {
  test.each([
    [0.4, "0 ms"],
    [999, "999 ms"],
    [1_500, "1.5 s"],
    [30_000, "30 s"],
    [125_000, "2 min 5 s"],
    [11_520_000, "3 h 12 min"],
  ])("%d ms is shown as %s", (ms, shown) => {
    expect(showDuration(ms)).toBe(shown);
  });

  test("what goes on is measured up to now, what ended up to its end, and what has not begun not at all", () => {
    expect([showSpan(1_000, 0, 3_000), showSpan(1_000, 1_250, 3_000), showSpan(0, 0, 3_000)]).toEqual([
      "2 s",
      "250 ms",
      "",
    ]);
  });
});

describe("names", () => {
  test("phases are words", () => {
    expect([showPhase(ExecutionPhase.QUEUED), showPhase(ExecutionPhase.TIMED_OUT)]).toEqual(["queued", "timed out"]);
  });

  test("a policy fits on a line", () => {
    const policy = create(ReusePolicySchema, {
      minReplicas: 1,
      maxReplicas: 4,
      concurrency: 2,
      idleTtl: durationFromMs(30_000),
      scaledownTtl: durationFromMs(500),
      scope: Scope.GLOBAL,
    });
    expect(showPolicy(policy)).toBe("1-4 replicas x 2 slots, idle 30 s, scaledown 500 ms, global");
  });

  test("a policy has what goes beyond the defaults at its end", () => {
    const policy = create(ReusePolicySchema, {
      minReplicas: 1,
      maxReplicas: 1,
      idleTtl: durationFromMs(30_000),
      scaledownTtl: durationFromMs(30_000),
      bufferReplicas: 2,
      singleUse: true,
      isolateOutOfMemory: true,
      recycling: { afterExecutions: 100, aboveMemory: "838860800", afterAge: durationFromMs(3_600_000) },
    });
    expect(showPolicy(policy)).toBe(
      "1 replicas x 1 slots, idle 30 s, scaledown 30 s, global, buffer 2, single use, recycled after 100 executions or above 800 MiB or after 1 h 0 min, out of memory isolated",
    );
  });

  test.each([
    [0, "0 B"],
    [1_023, "1023 B"],
    [1_536, "1.5 KiB"],
    [838_860_800, "800 MiB"],
    [2 ** 50, "1024 TiB"],
  ])("%d bytes are shown as %s", (bytes, shown) => {
    expect(showBytes(bytes)).toBe(shown);
  });
});

describe("a pool", () => {
  test("shows for each replica what it served and holds, and why it started and ends", () => {
    const replica = {
      id: "r-1",
      state: ReplicaState.DRAINING,
      executions: 7,
      memoryBytes: 838_860_800,
      startCause: "BACKLOG",
      startReason: "3 executions wait",
      endCause: "RECYCLED",
      endReason: "7 executions, at most 7",
    };
    const [, headings, row] = poolSummary(create(PoolSchema, { name: "greet", replicas: [replica] })).split("\n");
    expect(headings).toMatch(/EXECUTIONS +MEMORY .*STARTED BECAUSE +ENDS BECAUSE$/);
    expect(row).toMatch(
      /^r-1 +draining .* 7 +800 MiB .*BACKLOG: 3 executions wait +RECYCLED: 7 executions, at most 7$/,
    );
  });
});

describe("an execution", () => {
  const attempts = [
    { number: 1, replicaId: "r-1", runnerPid: 5, cold: true, waitedMs: 2_500, waitReason: "no replica was ready" },
    { number: 2, replicaId: "r-2" },
  ];
  const columns = (rows: readonly (readonly string[])[]): readonly object[] =>
    rows.map((row) => Object.fromEntries(row.map((cell, at) => [executionHeadings[at] ?? "", cell])));

  test("has a row for each attempt: warm or cold, how long it waited and what for", () => {
    const execution = create(ExecutionSchema, { id: "01x", acceptedUnixMs: 1_000, attempts });
    expect(columns(executionRows(execution, 5_000))).toMatchObject([
      { execution: "01x", attempt: "1", start: "cold", waited: "2.5 s", "waited because": "no replica was ready" },
      { execution: "", attempt: "2", start: "warm", waited: "0 ms", replica: "r-2", "waited because": "" },
    ]);
  });

  test("without an attempt shows how long it has waited by now, and what for", () => {
    const execution = create(ExecutionSchema, { id: "01x", acceptedUnixMs: 1_000, waitReason: "all slots busy" });
    expect(columns(executionRows(execution, 5_000))).toMatchObject([
      { execution: "01x", attempt: "", start: "", waited: "4 s", "waited because": "all slots busy" },
    ]);
  });

  test("that ended before it had a slot shows how long it had waited until then", () => {
    const execution = create(ExecutionSchema, { id: "01x", acceptedUnixMs: 1_000, endedUnixMs: 3_000 });
    expect(columns(executionRows(execution, 5_000))).toMatchObject([{ execution: "01x", attempt: "", waited: "2 s" }]);
  });

  test("that waits for its next attempt has a row for that too", () => {
    const execution = create(ExecutionSchema, { id: "01x", attempts, waitReason: "all slots busy" });
    expect(columns(executionRows(execution, 5_000)).at(-1)).toMatchObject({
      attempt: "",
      waited: "",
      "waited because": "all slots busy",
    });
  });

  test("has attempts that fit on a line", () => {
    const [first, second] = create(ExecutionSchema, { attempts }).attempts.map(attemptLine);
    expect(first).toBe("1, cold, waited 2.5 s (no replica was ready), replica r-1");
    expect(second).toBe("2, warm, waited 0 ms, replica r-2");
  });

  test("says of each attempt that did not succeed why", () => {
    const failure = { reason: "TASK_FAILED", exceptionType: "KeyError", message: "no such city\nat all" };
    const execution = create(ExecutionSchema, { id: "01x", attempts: [{ number: 1, failure }, { number: 2 }] });
    expect(columns(executionRows(execution, 5_000))).toMatchObject([
      { attempt: "1", "ended because": "TASK_FAILED: KeyError: no such city" },
      { attempt: "2", "ended because": "" },
    ]);
    expect(execution.attempts.map(attemptLine)[0]).toMatch(/, TASK_FAILED: KeyError: no such city$/);
  });
});

describe("a run", () => {
  const ended = create(RunSchema, {
    name: "01run",
    environment: "greet",
    task: "hello",
    phase: ExecutionPhase.SUCCEEDED,
    createdAt: timestampFromMs(1_000),
    endedAt: timestampFromMs(3_500),
    result: { inline: new TextEncoder().encode('{"text":"hi"}') },
    executions: { succeeded: 3, failed: 1 },
  });

  test("shows how many of its executions are done and where the others are", () => {
    const run = create(RunSchema, { executions: { queued: 2, running: 1, succeeded: 4, failed: 1 } });
    expect(runProgress(run)).toBe("5 of 8 done, 1 failed, 1 running, 2 queued");
  });

  test("shows its result and how long it took", () => {
    expect(runSummary(ended)).toContain('result      {"text":"hi"}');
    expect(runSummary(ended)).toContain("took        2.5 s");
  });

  test("shows the reason and the traceback of its failure", () => {
    const failure = create(FailureSchema, {
      reason: "TASK_FAILED",
      message: "no such city",
      exceptionType: "KeyError",
      traceback: "Traceback: line 3\n",
    });
    const summary = runSummary(create(RunSchema, { ...ended, phase: ExecutionPhase.FAILED, failure }));
    expect(summary).toContain("failure     TASK_FAILED: no such city\nTraceback: line 3");
  });

  test("as a document has its result as JSON, and its empty fields too", () => {
    expect(toDocument(RunSchema, ended)).toMatchObject({ name: "01run", result: { text: "hi" }, url: "" });
  });
});
