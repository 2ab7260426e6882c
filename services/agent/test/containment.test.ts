import { buckets, connectBus, ensureStreams, subjects, type Bus } from "@hearth/bus";
import { LogBatchSchema, Outcome, SlotAnnouncementSchema, type LogEntry, type SlotAnnouncement } from "@hearth/proto";
import { startNats, type NatsEngine } from "@hearth/test-engines";
import { Objm } from "@nats-io/obj";
import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { buildAgent, type Agent } from "../src/build.ts";
import { ScriptedRouter } from "./scripted-router.ts";

const mebibyte = 2 ** 20;
const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));
const bundle = readFileSync(path("hostile/hostile-tasks.mjs"));
const bundleSha256 = createHash("sha256").update(bundle).digest("hex");

const languages = [
  {
    language: "python",
    runnerCommand: ["python3", "-B", "-m", "hearth.runner"],
    runnerVariables: { PYTHONPATH: `${path("../../../libs/sdk-python/src")}:${path("hostile")}` },
  },
  {
    language: "node",
    runnerCommand: [process.execPath, path("../../../libs/sdk/src/runner/main.ts")],
    runnerVariables: {},
  },
] as const;

const shared = [
  ...["echo", "whoami", "hold", "let_go", "close_files", "leave", "crash", "abort", "large", "circular", "flood"],
  ...["flood_for_ever", "flood_descriptors", "spin_threads", "leave_processes"],
];
const pythonOnly = [
  "leave_politely",
  "fork",
  "fork_and_raise",
  "fork_and_print",
  "fork_in_loop",
  "fork_in_loop_and_wait",
];

let nats: NatsEngine;
let bus: Bus;
let cacheFolder: string;
const announcements: SlotAnnouncement[] = [];
const logs: LogEntry[] = [];

beforeAll(async () => {
  // A megabyte of a flood passes on to the replica's own log, which this process stands for.
  vi.spyOn(process.stderr, "write").mockReturnValue(true);
  nats = await startNats();
  bus = await connectBus({ url: nats.url, name: "test" });
  await ensureStreams(bus);
  await (await new Objm(bus.connection).create(buckets.bundles)).putBlob({ name: bundleSha256 }, bundle);
  bus.subscribe(subjects.allSlots, SlotAnnouncementSchema, (announcement) => announcements.push(announcement));
  bus.subscribe(subjects.logs, LogBatchSchema, (batch) => logs.push(...batch.entries));
  cacheFolder = mkdtempSync(join(tmpdir(), "hearth-containment-"));
});
afterAll(async () => {
  await bus.close();
  await nats.stop();
  rmSync(cacheFolder, { recursive: true });
});

/** Whether a process of that id lives; one of which only the exit code is left does not. */
function isAlive(pid: number): boolean {
  try {
    return !/\) [ZX]/.test(readFileSync(`/proc/${pid}/stat`, "latin1"));
  } catch {
    return false;
  }
}

/** The children that any thread of a process has started. */
function childrenOf(pid: number): number[] {
  const threads = readdirSync(`/proc/${pid}/task`);
  const read = (thread: string): string => readFileSync(`/proc/${pid}/task/${thread}/children`, "latin1");
  return threads.flatMap((thread) => read(thread).split(" ").filter(Boolean).map(Number));
}

const until = <T>(check: () => T): Promise<T> => vi.waitFor(check, { timeout: 15_000, interval: 20 });

interface Ended {
  readonly outcome: string;
  readonly reason: string;
  readonly message: string;
  readonly result: unknown;
}

describe.each(languages)("$language", ({ language, runnerCommand, runnerVariables }) => {
  let agent: Agent;
  let router: ScriptedRouter;
  let executions = 0;
  const replicaId = `containment-${language}`;

  beforeEach(async () => {
    const names = language === "python" ? [...shared, ...pythonOnly] : shared;
    agent = await buildAgent(
      {
        ...{ natsUrl: nats.url, replicaId, environment: "hostile", pool: "hostile", version: "v1", concurrency: 4 },
        ...{ singleUse: false, memoryLimitBytes: undefined, bundleSha256, language, runnerCommand, runnerVariables },
        tasks: names.map((name) => ({ name, entrypoint: `hostile_tasks:${name}` })),
        ...{ host: "127.0.0.1", port: 0, cacheFolder, logLevel: "silent" },
        ...{ stopGraceMs: 1_000, orphanTimeoutMs: 60_000, cancelGraceMs: 500 },
      },
      process.env,
    );
    router = new ScriptedRouter(agent.address);
  });
  afterEach(async () => {
    agent.drain({ cause: "STOPPED", reason: "the test is over" }, 0);
    await agent.ended;
  });

  /** Begins an execution and gives its id. */
  function begin(task: string, ...args: readonly unknown[]): string {
    const id = `${language}-${++executions}`;
    router.dispatch(id, task, JSON.stringify({ args }));
    return id;
  }

  async function end(id: string): Promise<Ended> {
    const ended = await until(() => {
      const found = router.ends.find(({ executionId }) => executionId === id);
      if (found === undefined) throw new Error(`${id} has not ended`);
      return found;
    });
    const text = Buffer.from(ended.result?.inline ?? []).toString();
    return {
      outcome: Outcome[ended.outcome].toLowerCase(),
      reason: ended.failure?.reason ?? "",
      message: ended.failure?.message ?? "",
      result: text === "" ? undefined : (JSON.parse(text) as unknown),
    };
  }

  const run = (task: string, ...args: readonly unknown[]): Promise<Ended> => end(begin(task, ...args));
  const runnerPid = async (): Promise<number> => (await run("whoami")).result as number;
  const linesOf = (id: string): string[] =>
    logs.filter(({ line }) => line?.executionId === id).map(({ line }) => line?.text ?? "");

  const deaths = [
    { task: "close_files", how: /signal|exit code|closed its connection/ },
    { task: "leave", how: /exit code 3/ },
    { task: "crash", how: /SIGSEGV/ },
    { task: "abort", how: /SIGABRT/ },
  ];
  test.each(deaths)("$task: its runner dies and is named, and the next one serves", async ({ task, how }) => {
    const before = await runnerPid();
    const neighbour = begin("hold");
    const harmful = await run(task);
    expect(harmful).toMatchObject({ outcome: "lost", reason: "RUNNER_CRASHED" });
    expect(harmful.message).toMatch(how);
    expect(await end(neighbour)).toMatchObject({ outcome: "lost", reason: "RUNNER_CRASHED" });
    expect(await run("echo", "right")).toMatchObject({ outcome: "succeeded", result: "right" });
    expect(await runnerPid()).not.toBe(before);
    expect(isAlive(before)).toBe(false);
  });

  const failures = [
    { task: "large", reason: "PAYLOAD_TOO_LARGE" },
    { task: "circular", reason: "NOT_SERIALIZABLE" },
    ...(language === "python" ? [{ task: "leave_politely", reason: "TASK_FAILED" }] : []),
  ];
  test.each(failures)("$task: it alone fails, with $reason", async ({ task, reason }) => {
    const before = await runnerPid();
    const neighbour = begin("hold");
    expect(await run(task)).toMatchObject({ outcome: "failed", reason });
    await run("let_go");
    expect(await end(neighbour)).toMatchObject({ outcome: "succeeded", result: "held" });
    expect(await runnerPid()).toBe(before);
  });

  const floods = [{ task: "flood" }, { task: "flood_descriptors" }];
  test.each(floods)("$task: output is dropped, and nobody else is harmed", async ({ task }) => {
    const before = await runnerPid();
    const ownBefore = process.memoryUsage().rss;
    const neighbour = begin("hold");
    const flood = begin(task);
    expect(await run("echo", "right")).toMatchObject({ outcome: "succeeded", result: "right" });
    expect(await end(flood)).toMatchObject({ outcome: "succeeded" });
    await run("let_go");
    expect(await end(neighbour)).toMatchObject({ outcome: "succeeded", result: "held" });
    expect(await runnerPid()).toBe(before);
    expect(process.memoryUsage().rss - ownBefore).toBeLessThan(150 * mebibyte);
    await until(() =>
      expect(announcements.findLast((each) => each.replicaId === replicaId)?.memoryBytes).toBeGreaterThan(0),
    );
    expect(announcements.findLast((each) => each.replicaId === replicaId)?.memoryBytes).toBeLessThan(150 * mebibyte);
    if (task !== "flood") return;
    await until(() => expect(linesOf(flood).at(-1)).toMatch(/^\.\.\. \d+ bytes of output were dropped$/));
    const dropped = Number(/\d+/.exec(linesOf(flood).at(-1) ?? "")?.[0]);
    expect(dropped).toBeGreaterThan(48_900_000);
    expect(dropped).toBeLessThan(50_000_000);
  });

  test("flood_for_ever: it is given up once cancelled, its runner replaced, and how much was dropped is counted", async () => {
    const before = await runnerPid();
    const flood = begin("flood_for_ever");
    router.say((frame) =>
      frame.cancellations.push({ $typeName: "hearth.v1.AttemptKey", executionId: flood, attempt: 1 }),
    );
    expect(await end(flood)).toMatchObject({ outcome: "cancelled", reason: "CANCELLED" });
    await until(() => expect(router.free).toBe(4));
    expect(await run("echo", "right")).toMatchObject({ outcome: "succeeded", result: "right" });
    expect(await runnerPid()).not.toBe(before);
    expect(isAlive(before)).toBe(false);
  });

  test("spin_threads: threads that never end keep neither others from running nor the runner from leaving", async () => {
    const before = await runnerPid();
    expect(await run("spin_threads")).toMatchObject({ outcome: "succeeded", result: "spinning" });
    expect(await run("echo", "right")).toMatchObject({ outcome: "succeeded", result: "right" });
    agent.drain({ cause: "STOPPED", reason: "the replica ends" }, 0);
    await agent.ended;
    expect(isAlive(before)).toBe(false);
  });

  test.each([
    { when: "the runner dies", ends: () => run("leave") },
    {
      when: "the replica ends",
      async ends() {
        agent.drain({ cause: "STOPPED", reason: "the replica ends" }, 0);
        await agent.ended;
      },
    },
  ])("leave_processes: what it started ends when $when", async ({ ends }) => {
    const left = (await run("leave_processes")).result as number[];
    expect(left.map(isAlive)).toEqual([true, true]);
    await ends();
    await until(() => expect(left.map(isAlive)).toEqual([false, false]));
  });

  const forks =
    language === "python" ? pythonOnly.filter((name) => name.startsWith("fork")).map((task) => ({ task })) : [];
  test.runIf(forks.length > 0).each(forks)(
    "$task: the child says nothing on its parent's connection, and ends",
    async ({ task }) => {
      const before = await runnerPid();
      const neighbour = begin("hold");
      for (let time = 0; time < 5; time += 1) {
        expect(await run(task)).toMatchObject({ outcome: "succeeded", result: "parent" });
        expect(await run("echo", time)).toMatchObject({ outcome: "succeeded", result: time });
      }
      await run("let_go");
      expect(await end(neighbour)).toMatchObject({ outcome: "succeeded", result: "held" });
      expect(await runnerPid()).toBe(before);
      await until(() => expect(childrenOf(before).filter(isAlive)).toEqual([]));
    },
  );
});
