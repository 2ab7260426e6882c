/**
 * Everything a change must pass. All of it runs, whatever fails; the last line counts the tests. With --static all but the
 * tests.
 */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { showCounts, type Counts } from "./count-tests.ts";
import { root, runStep } from "./run-step.ts";
import { runTests } from "./test.ts";

interface Check {
  readonly name: string;
  /** Whether it holds, or why it could not be looked at. */
  readonly run: () => Promise<boolean | { readonly skipped: string }>;
}

const proto = join(root, "proto");
const withTests = !process.argv.includes("--static");
let counts: Counts = { passed: 0, failed: 0, skipped: 0 };

const checks: readonly Check[] = [
  { name: "protocol lint", run: () => passes("buf", ["lint"], proto) },
  { name: "protocol format", run: () => passes("buf", ["format", "--diff", "--exit-code"], proto) },
  { name: "protocol compatible", run: compatible },
  { name: "generated code fresh", run: () => passes("node", ["scripts/generate.ts", "--check"]) },
  { name: "format", run: () => passes("prettier", ["--check", "--log-level=warn", "."]) },
  { name: "lint", run: () => passes("eslint", ["--max-warnings=0", "."]) },
  { name: "types", run: () => passes("tsc", ["--noEmit", "-p", "tsconfig.json"]) },
  ...(withTests ? [{ name: "tests", run: tests }] : []),
];

const lines: string[] = [];
for (const { name, run } of checks) {
  console.log(`\n== ${name}`);
  const startedAt = performance.now();
  const outcome = await run();
  const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
  const word = typeof outcome === "object" ? `skipped: ${outcome.skipped}` : outcome ? "ok" : "FAILED";
  if (outcome === false) process.exitCode = 1;
  lines.push(`${name.padEnd(22)}${seconds.padStart(7)} s  ${word}`);
}
console.log(`\n${lines.join("\n")}`);
if (withTests) console.log(showCounts(counts));

async function passes(command: string, args: readonly string[], cwd = root): Promise<boolean> {
  return (await runStep(command, args, { cwd })) === 0;
}

async function tests(): Promise<boolean> {
  try {
    const outcome = await runTests([]);
    counts = outcome.counts;
    return outcome.ok;
  } catch (error) {
    console.error(`The tests could not run: ${(error as Error).message}`);
    return false;
  }
}

/** Compares proto/ with the last commit of main before this one. */
async function compatible(): Promise<boolean | { readonly skipped: string }> {
  const earlier = earlierState();
  if (earlier === undefined) return { skipped: "there is no earlier state of proto/ to compare with" };
  return passes("buf", ["breaking", "--against", `../.git#ref=${earlier},subdir=proto`], proto);
}

function earlierState(): string | undefined {
  const head = git("rev-parse", "HEAD");
  const main =
    git("rev-parse", "--verify", "--quiet", "origin/main") ?? git("rev-parse", "--verify", "--quiet", "main");
  const earlier = main === undefined || main === head ? git("rev-parse", "--verify", "--quiet", "HEAD~1") : main;
  if (earlier === undefined || git("cat-file", "-e", `${earlier}:proto/buf.yaml`) === undefined) return undefined;
  return earlier;
}

/** The output of a git command; undefined when it fails. */
function git(...args: readonly string[]): string | undefined {
  try {
    return execFileSync("git", args, { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
  } catch {
    return undefined;
  }
}
