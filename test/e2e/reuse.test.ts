import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startDev, type Dev } from "./support/dev.ts";
import { execute } from "./support/execute.ts";
import { deploy, languages } from "./support/programs.ts";

interface Answer {
  readonly pid: number;
  readonly calls: number;
}

let dev: Dev;
beforeAll(async () => {
  dev = await startDev();
  for (const { file } of languages) await deploy(dev, file);
});
afterAll(() => dev[Symbol.asyncDispose]());

/** Which process answers, and how often it was asked before. */
async function whoami(environment: string): Promise<Answer> {
  return (await execute(dev, environment, "whoami")).result as Answer;
}

describe.each(languages)("$language", ({ environment, narrow, file }) => {
  test("the same warm process serves one execution after the other, its globals as they were left", async () => {
    const first = await whoami(environment);
    const later = [await whoami(environment), await whoami(environment)];
    expect(later).toEqual([
      { pid: first.pid, calls: first.calls + 1 },
      { pid: first.pid, calls: first.calls + 2 },
    ]);
  });

  test("executions side by side share the process while it has slots", async () => {
    const { pid } = await whoami(environment);
    const answers = await Promise.all(Array.from({ length: 20 }, () => whoami(environment)));
    expect(new Set(answers.map((answer) => answer.pid))).toEqual(new Set([pid]));
    expect(new Set(answers.map((answer) => answer.calls)).size).toBe(20);
  });

  test("a program that is run again finds its replicas warm", async () => {
    const { pid } = await whoami(environment);
    await deploy(dev, file);
    expect((await whoami(environment)).pid).toBe(pid);
  });

  test("one replica with one slot completes calls that wait for each other, however deep", async () => {
    expect(await execute(dev, narrow, "descend", [12])).toMatchObject({ outcome: "succeeded", result: 12 });
  });

  test("the history says which process served an execution, and that it did not wait for a replica", async () => {
    const { pid } = await whoami(environment);
    const { id } = await execute(dev, environment, "whoami");
    const executions = async (): Promise<unknown> => dev.json("executions", id).catch(() => undefined);
    await expect
      .poll(executions, { timeout: 10_000 })
      .toMatchObject([
        { id, phase: "EXECUTION_PHASE_SUCCEEDED", attempts: [{ number: 1, runnerPid: pid, cold: false }] },
      ]);
  });
});

describe("between languages", () => {
  test.each([
    ["probe-py", "probe-ts", "python"],
    ["probe-ts", "probe-py", "typescript"],
  ])("a task in %s calls one in %s and gets its result", async (caller, called, by) => {
    const value = { rows: [1, 2.5, null, "ü"], nested: { deep: true } };
    const ended = await execute(dev, caller, "ask", [called, "echo", value]);
    expect(ended).toMatchObject({ outcome: "succeeded", result: { asked: value, by } });
  });

  test("a call is part of its caller's run", async () => {
    const { id } = await execute(dev, "probe-py", "ask", ["probe-ts", "echo", 1]);
    const tasks = async (): Promise<unknown> => {
      const { executions } = await dev.runs.listExecutions({ run: id });
      return executions.map(({ environment, task, parentId }) => ({ environment, task, parentId }));
    };
    await expect.poll(tasks, { timeout: 10_000 }).toEqual([
      { environment: "probe-py", task: "ask", parentId: "" },
      { environment: "probe-ts", task: "echo", parentId: id },
    ]);
  });
});
