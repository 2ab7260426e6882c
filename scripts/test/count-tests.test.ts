import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { addCounts, countVitestReport, readCounts, showCounts, type Counts } from "../count-tests.ts";

test("the last line counts all that ran", () => {
  const all = addCounts([
    { passed: 2, failed: 0, skipped: 1 },
    { passed: 3, failed: 1, skipped: 0 },
  ]);
  expect(showCounts(all)).toBe("5 passed, 1 failed, 1 skipped");
});

test("a report is counted by its assertions; what neither passed nor failed was skipped", () => {
  const assertionResults = ["passed", "failed", "pending", "todo", "passed"].map((status) => ({ status }));
  const report = { testResults: [{ status: "failed", assertionResults }] };
  expect(countVitestReport(report)).toEqual({ passed: 2, failed: 1, skipped: 2 });
});

test("a file that failed to load, or to set up, is a failure, though it has no test that failed", () => {
  const skipped = { status: "skipped" };
  const testResults = [
    { status: "failed", assertionResults: [] },
    { status: "failed", assertionResults: [skipped, skipped] },
  ];
  expect(countVitestReport({ testResults })).toEqual({ passed: 0, failed: 2, skipped: 2 });
});

test("a run that left no report, or half of one, is a failure", () => {
  const folder = mkdtempSync(join(tmpdir(), "hearth-counts-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, "half.json"), '{"passed": 3');
  const counts = ["none.json", "half.json"].map((name) => readCounts(join(folder, name), (report: Counts) => report));
  const failure = { passed: 0, failed: 1, skipped: 0 };
  expect(counts).toEqual([failure, failure]);
});
