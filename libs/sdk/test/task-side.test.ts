import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { bundleEnvironment } from "../src/bundle/bundle-environment.ts";
import { parameterNames } from "../src/parameter-names.ts";
import { optionsOfCall } from "../src/task/call-options.ts";
import { toTaskLimits, type TaskOptions } from "../src/task/limits.ts";
import { ReusePolicy } from "../src/task/reuse-policy.ts";
import { registry, type DeclaredTask } from "../src/task/registry.ts";
import { reference } from "../src/task/task.ts";
import { square } from "./fixture-program.ts";

const fixture = registry().environments.get("fixture")!;

const folders: string[] = [];
afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true }))));

/** Writes a project whose tasks are in two files with a CommonJS dependency some folders deep, and bundles its environment. */
async function bundleProject(...deep: readonly string[]): Promise<{ sha256: string; file: string }> {
  const folder = await mkdtemp(join(tmpdir(), "hearth-bundle-"));
  folders.push(folder);
  const root = join(folder, ...deep);
  await mkdir(join(root, "node_modules", "@hearth"), { recursive: true });
  await mkdir(join(root, "node_modules", "separator"));
  await symlink(join(import.meta.dirname, ".."), join(root, "node_modules", "@hearth", "sdk"));
  const files = {
    "package.json": `{"type":"module"}`,
    "node_modules/separator/package.json": `{"main":"main.js"}`,
    "node_modules/separator/main.js": `module.exports = require("path").posix.sep;`,
    "environment.mjs": `import { TaskEnvironment } from "@hearth/sdk"; export const project = new TaskEnvironment({ name: "project" });`,
    "separates.mjs": `import { project } from "./environment.mjs"; import separator from "separator"; project.task("separates", () => separator);`,
    "starts.mjs": `import { project } from "./environment.mjs"; import { run } from "@hearth/sdk"; project.task("starts", () => run());`,
  };
  for (const [name, text] of Object.entries(files)) await writeFile(join(root, name), text);
  const declared = (name: string, file: string): [string, DeclaredTask] => [
    name,
    { name, run: () => undefined, file: join(root, file), limits: {} },
  ];
  const tasks = new Map([declared("separates", "separates.mjs"), declared("starts", "starts.mjs")]);
  const environment = { name: "project", image: undefined, resources: undefined, policy: undefined, tasks };
  const { sha256, data } = await bundleEnvironment(environment);
  const file = join(folder, "bundle.mjs");
  await writeFile(file, data);
  return { sha256, file };
}

describe("a bundle", () => {
  test("of the same code has the same hash", async () => {
    expect((await bundleEnvironment(fixture)).sha256).toBe((await bundleEnvironment(fixture)).sha256);
  });

  test("of the same project has the same hash wherever the project lies", async () => {
    expect((await bundleProject("deeper", "still")).sha256).toBe((await bundleProject()).sha256);
  });

  test("holds every file that declares a task, and the CommonJS it needs; what starts runs refuses in it", async () => {
    await import(pathToFileURL((await bundleProject()).file).href);
    const tasks = registry().environments.get("project")?.tasks;
    expect([...(tasks?.keys() ?? [])]).toEqual(["separates", "starts"]);
    expect(tasks?.get("separates")?.run()).toBe("/");
    expect(() => tasks?.get("starts")?.run()).toThrow("run() was called in a replica");
  });

  test("has nothing of the client and no absolute path in it", async () => {
    const code = Buffer.from((await bundleEnvironment(fixture)).data).toString();
    expect(code).not.toMatch(/grpc|protobuf|opentelemetry/);
    expect(code).not.toContain(process.cwd());
  });
});

test("outside of a runner a task simply runs", async () => {
  expect(await square(9)).toBe(81);
});

describe("a policy", () => {
  test("fills in every default", () => {
    expect(new ReusePolicy().toJSON()).toEqual({
      minReplicas: 2,
      maxReplicas: 2,
      concurrency: 1,
      scaledownTtl: "30s",
      idleTtl: "30s",
      scope: "SCOPE_GLOBAL",
    });
  });

  test("has what is asked for beyond the defaults", () => {
    const policy = new ReusePolicy({
      bufferReplicas: 3,
      recycling: { afterExecutions: 1_000_000_000, aboveMemory: "1.5Gi", afterAge: { hours: 1 } },
      singleUse: true,
      isolateOutOfMemory: true,
    });
    expect(policy.toJSON()).toEqual({
      ...new ReusePolicy().toJSON(),
      bufferReplicas: 3,
      recycling: { afterExecutions: 1_000_000_000, aboveMemory: "1.5Gi", afterAge: "3600s" },
      singleUse: true,
      isolateOutOfMemory: true,
    });
  });

  test("whose recycling has no cause is one without recycling", () => {
    expect(new ReusePolicy({ recycling: {} }).toJSON()).toEqual(new ReusePolicy().toJSON());
  });

  test("adds up the parts of a duration", () => {
    expect(new ReusePolicy({ idleTtl: { hours: 1, seconds: 0.5 } }).toJSON()).toMatchObject({ idleTtl: "3600.5s" });
  });

  test.each([
    { replicas: 0 },
    { replicas: [3, 2] as const },
    { concurrency: 1.5 },
    { idleTtl: 0 },
    { scaledownTtl: { days: 31 } },
    { bufferReplicas: -1 },
    { bufferReplicas: 10_001 },
    { singleUse: true, concurrency: 2 },
    { recycling: { afterExecutions: 0 } },
    { recycling: { afterExecutions: 1_000_000_001 } },
    { recycling: { aboveMemory: "0Mi" } },
    { recycling: { aboveMemory: "800 MB" } },
    { recycling: { aboveMemory: "500m" } },
    { recycling: { afterAge: 0 } },
  ])("out of its bounds is refused: %o", (options) => {
    expect(() => new ReusePolicy(options)).toThrow(RangeError);
  });
});

describe("a task's limits", () => {
  test("leave out what is not declared", () => {
    expect([toTaskLimits({}), toTaskLimits({ retries: 3 })]).toEqual([{}, { retryPolicy: { retries: 3 } }]);
  });

  test("say which failures are tried again, how often, and after how long", () => {
    class Unreachable extends Error {}
    const retries = {
      count: 3,
      backoff: 0.5,
      factor: 1.5,
      maxBackoff: { minutes: 1 },
      on: ["RUNNER_CRASHED", Unreachable],
    };
    expect(toTaskLimits({ retries, timeout: { minutes: 2 }, queueTimeout: 0.25 })).toEqual({
      retryPolicy: {
        retries: 3,
        initialBackoffMs: 500,
        backoffFactor: 1.5,
        maxBackoffMs: 60_000,
        retryOn: ["RUNNER_CRASHED", "Unreachable"],
      },
      attemptTimeout: "120s",
      queueTimeout: "0.25s",
    });
  });

  test.each([
    [{ retries: -1 }, "retries is -1"],
    [{ retries: 1_001 }, "from 0 to 1000"],
    [{ retries: { count: 1, backoff: -1 } }, "backoff is -1 s"],
    [{ retries: { count: 1, backoff: { hours: 25 } } }, "0 to 24 hours"],
    [{ retries: { count: 1, factor: 0.5 } }, "factor is 0.5"],
    [{ retries: { count: 1, maxBackoff: 0 } }, "maxBackoff is 0 s"],
    [
      { retries: { count: 1, backoff: 5, maxBackoff: 1 } },
      "maxBackoff is 1000 ms; it must not be below backoff, 5000 ms",
    ],
    [{ retries: { count: 1, on: [""] } }, "on has "],
    [{ retries: { count: 1, on: "TASK_FAILED" as unknown as string[] } }, "on must be an array"],
    [{ retries: { count: 1, on: Array.from({ length: 101 }, () => "E") } }, "at most 100"],
    [{ timeout: 0 }, "timeout is 0 s"],
    [{ queueTimeout: { days: 31 } }, "queueTimeout is"],
  ] satisfies [TaskOptions, string][])("out of bounds are refused: %o", (options, said) => {
    expect(() => toTaskLimits(options)).toThrow(
      expect.objectContaining({ name: "RangeError", message: expect.stringContaining(said) as string }) as Error,
    );
  });
});

describe("an override", () => {
  const task = reference<() => Promise<void>>("elsewhere", "any");
  const policy = new ReusePolicy({ replicas: 1 });

  test("changes only what it names, and leaves the task it is made from", () => {
    const first = task.override({ reusable: "off", affinityKey: "user-7" }).override({ priority: 5 });
    expect(first.callOptions).toEqual({ freshReplica: true, affinityKey: "user-7", priority: 5 });
    expect(first.override({ affinityKey: "user-8", priority: 0 }).callOptions).toEqual({
      freshReplica: true,
      affinityKey: "user-8",
      priority: 0,
    });
    const second = task.override({ affinityKey: "user-7", priority: 5 }).override({ reusable: policy });
    expect(second.callOptions).toEqual({ policy: policy.toJSON(), affinityKey: "user-7", priority: 5 });
    expect(task.callOptions).toEqual({});
  });

  test("with null undoes an earlier one", () => {
    const other = task.override({ reusable: policy, affinityKey: "user-7", priority: 5 });
    expect(other.callOptions).toEqual({ policy: policy.toJSON(), affinityKey: "user-7", priority: 5 });
    expect(other.override({ reusable: null, affinityKey: null, priority: null }).callOptions).toEqual({});
  });

  test.each([
    [policy, "off"],
    ["off", policy],
  ] as const)("asks for fresh replicas or for a policy until one is undone: %o, then %o", (first, second) => {
    const other = task.override({ reusable: first });
    expect(() => other.override({ reusable: second })).toThrow("override({ reusable: null })");
    expect(Object.keys(other.override({ reusable: null }).override({ reusable: second }).callOptions)).toHaveLength(1);
  });

  test("has limits as a request has them, until null undoes them", () => {
    const deadline = new Date(1_893_456_000_000);
    const other = task.override({ retries: 0, timeout: 60, queueTimeout: 0.5, deadline, idempotencyKey: "k" });
    expect(optionsOfCall(other.override({ priority: 1 }).callOptions, 0)).toEqual({
      retryPolicy: { retries: 0 },
      attemptTimeoutMs: 60_000,
      queueTimeoutMs: 500,
      deadlineUnixMs: 1_893_456_000_000,
      idempotencyKey: "k",
      priority: 1,
    });
    const undone = { retries: null, timeout: null, queueTimeout: null, deadline: null, idempotencyKey: null };
    expect(other.override(undone).callOptions).toEqual({});
  });

  test("with a deadline that is a span counts from each call", () => {
    const { callOptions } = task.override({ deadline: { minutes: 1 } });
    expect([1_000, 2_000].map((nowMs) => optionsOfCall(callOptions, nowMs))).toEqual([
      { deadlineUnixMs: 61_000 },
      { deadlineUnixMs: 62_000 },
    ]);
  });

  test.each([
    { timeout: 0 },
    { queueTimeout: -1 },
    { deadline: 0 },
    { deadline: new Date(NaN) },
    { deadline: { days: 31 } },
    { idempotencyKey: "" },
    { retries: 1.5 },
    { affinityKey: "" },
    { affinityKey: "k".repeat(201) },
    { priority: 11 },
    { priority: -11 },
    { priority: 0.5 },
    { reusable: "on" as "off" },
  ])("out of its bounds is refused: %o", (changes) => {
    expect(() => task.override(changes)).toThrow(RangeError);
  });
});

test("parameter names come from the function's source", () => {
  const run = (a: number, b = "x,)", { c } = { c: 1 }): string => `${a}${b}${c}`;
  expect(parameterNames(run)).toEqual(["a", "b", "arg3"]);
});
