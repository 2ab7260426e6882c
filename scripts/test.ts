/**
 * Runs every test: Vitest for TypeScript, unittest for Python. With arguments only the Vitest files whose path contains
 * one of them. The last line counts all tests that ran; exits 1 when one failed, or a suite could not run.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { build } from "./build.ts";
import { addCounts, countVitestReport, readCounts, showCounts, type Counts } from "./count-tests.ts";
import { ensureDocker, ensureNatsServer, ensurePostgres } from "./ensure-engines.ts";
import { root, runStep } from "./run-step.ts";

interface SuiteOutcome {
  readonly counts: Counts;
  readonly ok: boolean;
}

/** Runs the tests and answers with their counts and whether all is well. */
export async function runTests(filters: readonly string[]): Promise<SuiteOutcome> {
  const natsServer = ensureNatsServer();
  ensurePostgres();
  ensureDocker();
  await build();
  process.env["HEARTH_NATS_SERVER"] ??= natsServer;
  process.env["PATH"] = [dirname(natsServer), process.env["PATH"] ?? ""].join(delimiter);
  const folder = mkdtempSync(join(tmpdir(), "hearth-test-"));
  try {
    const outcomes = [await runVitest(folder, filters)];
    if (filters.length === 0) outcomes.push(await runPython(folder));
    return { counts: addCounts(outcomes.map(({ counts }) => counts)), ok: outcomes.every(({ ok }) => ok) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function runVitest(folder: string, filters: readonly string[]): Promise<SuiteOutcome> {
  const report = join(folder, "vitest.json");
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
  const code = await runStep("vitest", ["run", ...reporters, ...filters]);
  const counts = readCounts(report, countVitestReport);
  return { counts, ok: code === 0 && counts.failed === 0 };
}

async function runPython(folder: string): Promise<SuiteOutcome> {
  const report = join(folder, "unittest.json");
  const python = process.env["HEARTH_PYTHON"] ?? "python3";
  const args = [join(root, "scripts", "run_unittests.py"), join(root, "libs", "sdk-python"), report];
  const code = await runStep(python, ["-B", ...args]);
  const counts = readCounts(report, (result: Counts) => result);
  return { counts, ok: code === 0 && counts.failed === 0 };
}

if (import.meta.main) {
  let outcome: SuiteOutcome = { counts: { passed: 0, failed: 0, skipped: 0 }, ok: false };
  try {
    outcome = await runTests(process.argv.slice(2));
  } catch (error) {
    console.error(`The tests could not run: ${(error as Error).message}`);
  }
  console.log(showCounts(outcome.counts));
  process.exitCode = outcome.ok ? 0 : 1;
}
