import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startDev, type Dev } from "./support/dev.ts";
import { deploy, programFile } from "./support/programs.ts";

const languages = [
  { language: "python", environment: "limits-py", other: "typescript", file: programFile("limits.py") },
  { language: "typescript", environment: "limits-ts", other: "python", file: programFile("limits.ts") },
] as const;

interface Failure {
  readonly reason: string;
  readonly message: string;
  readonly exceptionType?: string;
}

interface Attempt {
  readonly number: number;
  readonly outcome: string;
  readonly waitReason?: string;
  readonly failure?: Failure;
  readonly dispatchedUnixMs: number;
  readonly endedUnixMs: number;
}

interface Execution {
  readonly task: string;
  readonly phase: string;
  readonly failure?: Failure;
  readonly attempts?: readonly Attempt[];
}

interface Run {
  readonly name: string;
  readonly phase: string;
  readonly result?: unknown;
  readonly failure?: Failure;
}

let dev: Dev;
beforeAll(async () => {
  dev = await startDev();
  for (const { file } of languages) await deploy(dev, file, "count");
});
afterAll(() => dev[Symbol.asyncDispose]());

/** Runs a task of a program as a user does. */
async function run(...args: readonly string[]): Promise<Run> {
  const { stdout, stderr } = await dev.hearth("run", "--json", ...args);
  expect({ stdout, stderr }).toMatchObject({ stdout: expect.stringMatching(/^\{/) as string });
  return JSON.parse(stdout) as Run;
}

/** The executions of a run, oldest first, once the history has the last of each. */
async function executionsOf({ name }: Run): Promise<readonly Execution[]> {
  let executions: readonly Execution[] = [];
  const open = async (): Promise<number> => {
    executions = (await dev.json("executions", name)) as readonly Execution[];
    return executions.filter(({ phase }) => /QUEUED|RUNNING/.test(phase)).length;
  };
  await expect.poll(open, { timeout: 20_000 }).toBe(0);
  return executions;
}

const attemptsOf = async (ended: Run): Promise<readonly Attempt[]> => (await executionsOf(ended))[0]?.attempts ?? [];

describe.each(languages)("a $language program", ({ language, environment, other, file }) => {
  test("has another attempt after a failure that its retry policy names, each visible with its cause", async () => {
    const ended = await run(file, "fetch", "--failures", "2");
    expect(ended).toMatchObject({ phase: "EXECUTION_PHASE_SUCCEEDED", result: 3 });
    const attempts = await attemptsOf(ended);
    const failure = (attempt: number) => ({
      reason: "TASK_FAILED",
      exceptionType: "ConnectionError",
      message: `attempt ${attempt} found nobody`,
    });
    expect(attempts).toMatchObject([
      { number: 1, outcome: "OUTCOME_FAILED", failure: failure(1) },
      { number: 2, outcome: "OUTCOME_FAILED", failure: failure(2) },
      { number: 3, outcome: "OUTCOME_SUCCEEDED" },
    ]);
    expect(attempts.slice(1).map(({ waitReason }) => waitReason)).toEqual([
      expect.stringContaining("attempt 2 of 4, after TASK_FAILED: attempt 1 found nobody"),
      expect.stringContaining("attempt 3 of 4, after TASK_FAILED: attempt 2 found nobody"),
    ]);
  });

  test("waits between attempts for as long as its policy says, and longer from one to the next", async () => {
    const [first, second, third] = await attemptsOf(await run(file, "fetch", "--failures", "2"));
    expect(second!.dispatchedUnixMs - first!.endedUnixMs).toBeGreaterThanOrEqual(49);
    expect(third!.dispatchedUnixMs - second!.endedUnixMs).toBeGreaterThanOrEqual(149);
  });

  test("fails with the last failure once its retries are used up", async () => {
    const ended = await run(file, "fetch", "--failures", "9");
    expect(ended).toMatchObject({ phase: "EXECUTION_PHASE_FAILED", failure: { message: "attempt 4 found nobody" } });
    expect(await attemptsOf(ended)).toHaveLength(4);
  });

  test("has no other attempt after a failure that its policy does not name", async () => {
    const ended = await run(file, "give_up");
    expect(ended).toMatchObject({ phase: "EXECUTION_PHASE_FAILED", failure: { message: "no such city" } });
    expect(await attemptsOf(ended)).toHaveLength(1);
  });

  test("has an attempt cancelled that takes longer than its timeout, and another one after it", async () => {
    const ended = await run(file, "dawdle", "--seconds", "0");
    expect(ended).toMatchObject({ phase: "EXECUTION_PHASE_SUCCEEDED" });
    expect(await attemptsOf(ended)).toMatchObject([
      { outcome: "OUTCOME_TIMED_OUT", failure: { reason: "ATTEMPT_TIMED_OUT" } },
      { outcome: "OUTCOME_SUCCEEDED" },
    ]);
    expect(await run(file, "dawdle", "--seconds", "600")).toMatchObject({
      phase: "EXECUTION_PHASE_TIMED_OUT",
      failure: { reason: "ATTEMPT_TIMED_OUT" },
    });
  });

  test("times out before its first attempt when no slot is free for longer than it waits", async () => {
    const holding = await run("--detach", file, "hold");
    const phase = async (): Promise<string> => ((await dev.json("runs", "get", holding.name)) as Run).phase;
    await expect.poll(phase, { timeout: 20_000 }).toBe("EXECUTION_PHASE_RUNNING");
    const ended = await run(file, "impatient");
    expect(ended).toMatchObject({ phase: "EXECUTION_PHASE_TIMED_OUT", failure: { reason: "QUEUE_TIMED_OUT" } });
    expect(await attemptsOf(ended)).toEqual([]);
    await dev.hearth("runs", "cancel", holding.name);
    await expect.poll(phase, { timeout: 20_000 }).toBe("EXECUTION_PHASE_CANCELLED");
  });

  test("hands its deadline down to all that it calls, at any depth", async () => {
    const { result } = await run("--deadline", "60s", file, "deadlines", "--levels", "3");
    const deadlines = result as readonly number[];
    expect([deadlines.length, new Set(deadlines).size]).toEqual([4, 1]);
  });

  test("ends at its deadline with all that it called", async () => {
    const ended = await run("--deadline", "2s", file, "sink", "--levels", "2");
    expect(ended).toMatchObject({ phase: "EXECUTION_PHASE_TIMED_OUT", failure: { reason: "DEADLINE_EXCEEDED" } });
    const executions = await executionsOf(ended);
    expect(executions.map(({ phase, failure }) => [phase, failure?.reason])).toEqual(
      Array.from({ length: 3 }, () => ["EXECUTION_PHASE_TIMED_OUT", "DEADLINE_EXCEEDED"]),
    );
  });

  test("gets the same execution for the same idempotency key, from a program and from a task", async () => {
    const key = `key of ${language}`;
    const first = await run("--idempotency-key", key, file, "count");
    const second = await run("--idempotency-key", key, file, "count");
    expect([second.name, second.result]).toEqual([first.name, first.result]);
    const { result } = await run(file, "count_with_key", "--key", `${key}, called`);
    const [one, again, another] = result as readonly number[];
    expect(again).toBe(one);
    expect(another).not.toBe(one);
  });

  test("is told when its run is cancelled, and so is what it called in the other language", async () => {
    for (const [task, told] of [
      ["await_cancellation", language],
      ["call_other", other],
    ] as const) {
      const notes = join(dev.stateDir, `notes of ${environment} ${task}`);
      writeFileSync(notes, "");
      const noted = (): readonly string[] => readFileSync(notes, "utf8").trim().split("\n");
      const { name } = await run("--detach", file, task, "--notes", notes);
      await expect.poll(noted, { timeout: 20_000 }).toEqual([`${told} began`]);
      expect((await dev.hearth("runs", "cancel", name)).code).toBe(0);
      await expect.poll(noted, { timeout: 20_000 }).toEqual([`${told} began`, `${told} cancelled`]);
      const executions = await executionsOf({ name, phase: "" });
      expect(new Set(executions.map(({ phase }) => phase))).toEqual(new Set(["EXECUTION_PHASE_CANCELLED"]));
    }
  });
});
