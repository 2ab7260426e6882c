import { create } from "@bufbuild/protobuf";
import { durationFromMs, timestampFromMs } from "@bufbuild/protobuf/wkt";
import { ExecutionPhase, FailureSchema, ReusePolicySchema, RunSchema, Scope } from "@hearth/proto";
import { describe, expect, test } from "vitest";
import { toDocument } from "../src/show/document.ts";
import { showPhase, showPolicy } from "../src/show/names.ts";
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
