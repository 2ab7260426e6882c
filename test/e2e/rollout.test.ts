import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startDev, type Dev } from "./support/dev.ts";
import { execute } from "./support/execute.ts";
import { deploy } from "./support/programs.ts";
import { isAlive } from "./support/processes.ts";

let dev: Dev;
const folder = mkdtempSync(join(tmpdir(), "hearth-rollout-"));
const file = join(folder, "greet.py");

beforeAll(async () => {
  dev = await startDev();
});
afterAll(async () => {
  await dev[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

interface Greeting {
  readonly pid: number;
  readonly greeting: string;
}

/** Deploys a program whose one line says the greeting, and asks for it. */
async function greet(greeting: string): Promise<Greeting> {
  const lines = [
    "import os",
    "import hearth",
    'env = hearth.TaskEnvironment("greet", reusable=hearth.ReusePolicy(replicas=1, idle_ttl=300))',
    "@env.task",
    "async def greet():",
    `    return {"pid": os.getpid(), "greeting": "${greeting}"}`,
  ];
  writeFileSync(file, `${lines.join("\n")}\n`);
  await deploy(dev, file, "greet");
  return (await execute(dev, "greet", "greet")).result as Greeting;
}

async function version(): Promise<string> {
  const { environment } = await dev.environments.getEnvironment({ name: "greet" });
  return environment!.version!.id;
}

test("a changed line is a new version: executions run on it, and the old version's replicas drain", async () => {
  const old = await greet("hello");
  const oldVersion = await version();
  const changed = await greet("good day");
  expect([old.greeting, changed.greeting]).toEqual(["hello", "good day"]);
  expect(await version()).not.toBe(oldVersion);
  await expect.poll(() => isAlive(old.pid), { timeout: 20_000 }).toBe(false);
  expect(isAlive(changed.pid)).toBe(true);
});

test("the same lines again are the same version, on the same warm process", async () => {
  const first = await greet("good evening");
  const firstVersion = await version();
  expect(await greet("good evening")).toEqual(first);
  expect(await version()).toBe(firstVersion);
});

test("a policy changes in place: same version, same process, more slots", async () => {
  const { pid } = await greet("good night");
  const before = await version();
  const changed = await dev.json("env", "policy", "set", "greet", "--concurrency", "4", "--idle-ttl", "120s");
  expect(changed).toMatchObject({
    version: { id: before },
    policy: { concurrency: 4, idleTtl: "120s", maxReplicas: 1 },
  });
  expect((await execute(dev, "greet", "greet")).result).toMatchObject({ pid });
});

test("a deleted environment is gone, and so are its replicas", async () => {
  const { pid } = await greet("goodbye");
  expect((await dev.hearth("env", "delete", "greet")).code).toBe(0);
  await expect(execute(dev, "greet", "greet")).rejects.toMatchObject({ reason: "ENVIRONMENT_NOT_FOUND" });
  await expect.poll(() => isAlive(pid), { timeout: 20_000 }).toBe(false);
});
