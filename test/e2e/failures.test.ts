import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startDev, type Dev } from "./support/dev.ts";
import { execute, request } from "./support/execute.ts";
import { deploy, languages, programFile } from "./support/programs.ts";

let dev: Dev;
beforeAll(async () => {
  dev = await startDev();
  for (const { file } of languages) await deploy(dev, file);
});
afterAll(() => dev[Symbol.asyncDispose]());

describe.each(languages)("$language", ({ language, environment, file, raised }) => {
  test("a task that raises is a result: its outcome has the exception and the user's own traceback", async () => {
    const { outcome, failure } = await execute(dev, environment, "fail", ["no such city"]);
    expect(outcome).toBe("failed");
    expect(failure).toMatchObject({ reason: "TASK_FAILED", message: "no such city", exceptionType: raised });
    expect(failure!.traceback).toContain(language === "python" ? "probe.py" : "probe.ts");
    expect(failure!.traceback).not.toMatch(/hearth\/runner|runner\.mjs/);
  });

  test("whoever runs a program sees the traceback of its failing task, and exit code 1", async () => {
    const { code, stdout, stderr } = await dev.hearth("run", file, "fail", "--text", "no such city");
    expect(code).toBe(1);
    expect(stdout + stderr).toContain(raised);
    expect(stdout + stderr).toContain("no such city");
  });

  test("a result that cannot be sent is a failure that names where it is", async () => {
    const { outcome, failure } = await execute(dev, environment, "unsendable");
    expect([outcome, failure?.reason]).toEqual(["failed", "NOT_SERIALIZABLE"]);
    expect(failure!.message).toContain("rows");
  });

  test("arguments that do not fit the task are a failure, not a crash", async () => {
    const { outcome } = await execute(dev, environment, "echo", [1, 2, 3]);
    expect(outcome).toBe(language === "python" ? "failed" : "succeeded");
    expect(await execute(dev, environment, "echo", ["still here"])).toMatchObject({ result: "still here" });
  });

  test("a payload of 3 MiB goes there and back", async () => {
    const text = "x".repeat(3 * 1024 * 1024);
    const { result } = await execute(dev, environment, "echo", [text]);
    expect((result as string).length).toBe(text.length);
  });

  test("inline arguments over 4 MiB are refused with PAYLOAD_TOO_LARGE", async () => {
    const text = "x".repeat(4 * 1024 * 1024);
    await expect(execute(dev, environment, "echo", [text])).rejects.toMatchObject({ reason: "PAYLOAD_TOO_LARGE" });
  });

  test("a task that is not there is refused with TASK_NOT_FOUND", async () => {
    await expect(execute(dev, environment, "dance")).rejects.toMatchObject({ reason: "TASK_NOT_FOUND" });
  });

  test("what a task calls in vain fails the call with the registered reason", async () => {
    const { outcome, failure } = await execute(dev, environment, "ask", ["nowhere", "echo", 1]);
    expect(outcome).toBe("failed");
    expect(failure!.message + failure!.traceback).toContain("ENVIRONMENT_NOT_FOUND");
  });

  test("one idempotency key is one execution, and refused for a different request", async () => {
    const first = { ...request(environment, "whoami"), idempotencyKey: `key-${environment}` };
    const { executionId } = await dev.executions.submit({ execution: first });
    expect(await dev.executions.submit({ execution: first })).toMatchObject({ executionId });
    const other = { ...request(environment, "echo", ["other"]), idempotencyKey: `key-${environment}` };
    await expect(dev.executions.submit({ execution: other })).rejects.toMatchObject({
      reason: "IDEMPOTENCY_KEY_REUSED",
    });
  });
});

test("an environment that is not there is refused with ENVIRONMENT_NOT_FOUND", async () => {
  await expect(execute(dev, "nowhere", "echo")).rejects.toMatchObject({ reason: "ENVIRONMENT_NOT_FOUND" });
});

test.each(["broken.py", "broken.ts"])("code that raises while it is loaded fails its executions: %s", async (name) => {
  const { code, stdout, stderr } = await dev.hearth("run", programFile(name), "never");
  expect(code).toBe(1);
  expect(stdout + stderr).toContain("CODE_IMPORT_FAILED");
  expect(stdout + stderr).toContain("no model in this replica");
});
