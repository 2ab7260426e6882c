import { spawn } from "node:child_process";
import { once } from "node:events";
import { delimiter, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startDev, type Dev } from "./support/dev.ts";
import { checkout } from "./support/run-hearth.ts";

let dev: Dev;
beforeAll(async () => {
  dev = await startDev();
});
afterAll(() => dev[Symbol.asyncDispose]());

/** Runs an example as its readers do, and gives what it printed, line by line. */
async function runExample(path: string): Promise<{ readonly code: number; readonly lines: readonly string[] }> {
  const python = path.endsWith(".py");
  const interpreter = python ? (process.env["HEARTH_PYTHON"] ?? "python3") : process.execPath;
  const modules = [join(checkout, "libs", "sdk-python", "src"), process.env["PYTHONPATH"] ?? ""].join(delimiter);
  const child = spawn(interpreter, [join(checkout, "examples", path)], {
    env: { ...process.env, HEARTH_CONFIG: join(dev.stateDir, "config.json"), ...(python && { PYTHONPATH: modules }) },
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
  const [code] = (await once(child, "close")) as [number];
  return { code, lines: output.trimEnd().split("\n") };
}

/** The run whose name the example printed first. */
async function runOf(
  lines: readonly string[],
): Promise<{ readonly result: unknown; readonly pids: ReadonlySet<number> }> {
  const name = lines[0]!;
  await dev.hearth("runs", "watch", name);
  const { result } = (await dev.json("runs", "get", name)) as { result: unknown };
  const executions = (await dev.json("executions", name)) as { attempts: { runnerPid: number }[] }[];
  return { result, pids: new Set(executions.flatMap(({ attempts }) => attempts.map(({ runnerPid }) => runnerPid))) };
}

describe.each([
  ["python", "py"],
  ["typescript", "ts"],
])("in %s", (folder, ending) => {
  test("ten calls one after another give ten squares, from at most two processes", async () => {
    const { code, lines } = await runExample(`${folder}/reuse.${ending}`);
    expect(code).toBe(0);
    const { result, pids } = await runOf(lines);
    expect(result).toEqual([0, 1, 4, 9, 16, 25, 36, 49, 64, 81]);
    expect(pids.size).toBeLessThanOrEqual(2);
  });

  test("twenty megabytes go to a task, on to another one, and back", async () => {
    const { code, lines } = await runExample(`${folder}/large_payloads.${ending}`);
    expect({ code, told: lines[1] }).toEqual({ code: 0, told: "20000000 WARM" });
    const shown = await dev.hearth("runs", "get", lines[0]!);
    expect(shown.stdout).toContain("result      19.1 MiB; --json prints it");
    const { result } = (await dev.json("runs", "get", lines[0]!)) as { result: string };
    expect(result.length).toBe(20_000_000);
  });

  test("five hundred calls at once all come back, from at most two processes", async () => {
    const { code, lines } = await runExample(`${folder}/reuse_concurrency.${ending}`);
    expect(code).toBe(0);
    const { result, pids } = await runOf(lines);
    expect(result).toBe((500 * 499) / 2);
    expect(pids.size).toBeLessThanOrEqual(2);
  });
});

test.each(["python/flaky.py", "typescript/flaky.ts"])("%s succeeds with its third attempt", async (path) => {
  const { code, lines } = await runExample(path);
  expect([code, lines.at(-1)]).toEqual([0, "Bergen, with attempt 3"]);
  expect((await dev.hearth("runs", "get", lines[0]!)).stdout).toMatch(/^attempt +1, .*attempt 1 found nobody$/m);
});

test("a model is loaded once in each replica for a hundred executions, in python", async () => {
  const { code, lines } = await runExample("python/warm_model.py");
  expect(code).toBe(0);
  const { result, pids } = await runOf(lines);
  const [, loads, replicas] = /^(\d+) loads for 100 executions in (\d+) replicas/.exec(String(result))!;
  expect(loads).toBe(replicas);
  expect(pids.size).toBeLessThanOrEqual(2);
});

test("a model is loaded once for fifty executions, in typescript", async () => {
  const { code, lines } = await runExample("typescript/warm_model.ts");
  expect(code).toBe(0);
  expect((await runOf(lines)).result).toMatchObject({ executions: 50, loads: 1 });
});
