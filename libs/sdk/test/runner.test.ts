import { once } from "node:events";
import { readFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { bundleEnvironment } from "../src/bundle/bundle-environment.ts";
import { registry } from "../src/task/registry.ts";
import { startScriptedAgent, type ScriptedAgent } from "./scripted-agent.ts";
import "./fixture-program.ts";

const { data } = await bundleEnvironment(registry().environments.get("fixture")!);

let agent: ScriptedAgent;
beforeEach(async () => {
  agent = await startScriptedAgent();
});
afterEach(() => agent[Symbol.asyncDispose]());

const textOf = (frame: { readonly body: Uint8Array }): string => Buffer.from(frame.body).toString();

async function loadFixture(): Promise<void> {
  agent.load(await agent.writeBundle(data), ["square"]);
  await agent.frame("loaded");
}

async function endOf(attempt: number): Promise<Awaited<ReturnType<typeof agent.frame<"ended">>>> {
  return agent.frame("ended", ({ header }) => header.attempt === attempt);
}

function answer(call: number, result: unknown): void {
  agent.send({ kind: "callEnded", header: { call, outcome: "succeeded" }, body: Buffer.from(JSON.stringify(result)) });
}

describe("loading", () => {
  test("hello comes before anything is loaded", async () => {
    const { header } = await agent.frame("hello");
    expect(header).toEqual({ pid: agent.runner.pid, language: "node", runtime: `Node ${process.versions.node}` });
  });

  test("code that raises is CODE_IMPORT_FAILED", async () => {
    agent.load(await agent.writeBundle("throw new RangeError('at import')"), ["square"]);
    const { header } = await agent.frame("loadFailed");
    expect(header.failure).toMatchObject({
      reason: "CODE_IMPORT_FAILED",
      exceptionType: "RangeError",
      message: "at import",
    });
  });

  test("a task that is not declared is ENTRYPOINT_NOT_FOUND, named", async () => {
    agent.load(await agent.writeBundle(data), ["cube"]);
    const { header } = await agent.frame("loadFailed");
    expect(header.failure).toMatchObject({
      reason: "ENTRYPOINT_NOT_FOUND",
      message: expect.stringContaining("cube") as string,
    });
  });
});

describe("an attempt", () => {
  beforeEach(loadFixture);

  test("answers with its result", async () => {
    agent.execute(1, "square", [7]);
    const ended = await endOf(1);
    expect([ended.header.outcome, textOf(ended)]).toEqual(["succeeded", "49"]);
  });

  test("finds the user's own files and lines in a stack trace", async () => {
    agent.execute(1, "showsStack", []);
    const source = readFileSync(new URL("fixture-program.ts", import.meta.url), "utf8");
    const line = source.slice(0, source.indexOf("showsStack")).split("\n").length;
    expect(textOf(await endOf(1))).toContain(`test/fixture-program.ts:${line}:`);
  });

  test("that throws fails with the user's own frames and the cause, and what it printed comes first", async () => {
    agent.execute(1, "fails", []);
    const { header } = await endOf(1);
    expect(header.failure).toMatchObject({
      reason: "TASK_FAILED",
      exceptionType: "TypeError",
      message: "no such thing",
    });
    expect(header.failure?.traceback).toMatch(/test\/fixture-program\.ts:\d+:\d+/);
    expect(header.failure?.traceback).toContain("Caused by: Error: deeper");
    expect(header.failure?.traceback).not.toMatch(/node:|runner\.ts|frame-socket/);
    expect(agent.frames.map(({ kind }) => kind).slice(-2)).toEqual(["log", "ended"]);
    expect(header.startedUnixMs).toBeLessThanOrEqual(header.unixMs);
  });

  test("that throws more than a frame can carry still ends, with the middle of its message left out", async () => {
    agent.execute(1, "failsAtLength", []);
    const { header } = await endOf(1);
    expect(header.failure?.message).toMatch(/characters left out/);
    expect(Buffer.byteLength(header.failure?.message ?? "")).toBeLessThanOrEqual(8 * 1024);
  });

  test("that throws what cannot be described still ends", async () => {
    agent.execute(1, "failsUndescribably", []);
    expect((await endOf(1)).header.failure?.reason).toBe("TASK_FAILED");
  });

  test("owns what it prints, however attempts take turns", async () => {
    agent.execute(1, "namesItself", [2]);
    agent.execute(2, "namesItself", [2]);
    for (const call of [1, 2, 3, 4]) {
      await agent.frame("call", ({ header }) => header.call === call);
      answer(call, null);
    }
    await Promise.all([endOf(1), endOf(2)]);
    const printed = (attempt: number): string =>
      agent.frames
        .flatMap((frame) => (frame.kind === "log" && frame.header.attempt === attempt ? [textOf(frame)] : []))
        .join("");
    expect([printed(1), printed(2)]).toEqual(["execution-1\n".repeat(2), "execution-2\n".repeat(2)]);
  });

  const logsOf = (attempt: number): Extract<(typeof agent.frames)[number], { kind: "log" }>[] =>
    agent.frames.filter((frame) => frame.kind === "log").filter(({ header }) => header.attempt === attempt);

  test.each([
    ["many lines", "floods", 100_000],
    ["a line that never ends", "printsOneLine", 10_000_000],
  ])(
    "that floods its output with %s is heard to 1 MiB, and how much was dropped is said before its end",
    async (_what, task, much) => {
      agent.execute(1, task, [much]);
      await endOf(1);
      const kept = logsOf(1).reduce((sum, { body }) => sum + body.length, 0);
      expect(kept).toBeGreaterThan(900 * 1024);
      expect(kept).toBeLessThanOrEqual(1024 * 1024);
      const dropped = logsOf(1).flatMap(({ header }) => header.dropped ?? []);
      expect(dropped.at(-1)).toBe(10_000_000 - kept);
      expect(dropped.length).toBeLessThan(25);
      expect(agent.frames.at(-1)?.kind).toBe("ended");
    },
  );

  test("that prints without ever letting anything else run is heard, and holds no memory", async () => {
    agent.execute(1, "printsForEver", []);
    expect(textOf(await agent.frame("log"))).toContain("x".repeat(99));
    const ofProcess = (file: string): string => readFileSync(`/proc/${agent.runner.pid!}/${file}`, "utf8");
    // proc(5): after the command in brackets the 12th field is the time it had, in hundredths of a second.
    const spent = (): number => Number(ofProcess("stat").split(") ").at(-1)?.split(" ")[11]);
    await vi.waitFor(() => expect(spent()).toBeGreaterThan(200), { timeout: 15_000, interval: 100 });
    expect(Number(ofProcess("statm").split(" ")[1]) * 4_096).toBeLessThan(200 * 2 ** 20);
    agent.runner.kill("SIGKILL");
  });

  test("that is not known is not cancelled, and that harms no other", async () => {
    agent.send({ kind: "cancel", header: { attempt: 9 }, body: new Uint8Array() });
    agent.execute(1, "square", [3]);
    expect(textOf(await endOf(1))).toBe("9");
  });

  test("with a result that cannot be sent is NOT_SERIALIZABLE, with the path", async () => {
    agent.execute(1, "sockets", []);
    const { header } = await endOf(1);
    expect(header.failure).toEqual({
      reason: "NOT_SERIALIZABLE",
      message: "the result, at rows[0]: a value of type Map cannot be sent",
    });
  });

  test.each(["strays", "throwsLater"])("fails by an error nobody caught, and the runner lives on: %s", async (task) => {
    agent.execute(1, task, []);
    expect((await endOf(1)).header).toMatchObject({ outcome: "failed", failure: { reason: "TASK_FAILED" } });
    agent.execute(2, "square", [2]);
    expect((await endOf(2)).header.outcome).toBe("succeeded");
  });

  test("that is cancelled ends cancelled, once", async () => {
    agent.execute(1, "waits", []);
    expect((await agent.frame("log")).header).toEqual({ attempt: 1, stream: "stderr" });
    agent.send({ kind: "cancel", header: { attempt: 1 }, body: new Uint8Array() });
    agent.send({ kind: "cancel", header: { attempt: 1 }, body: new Uint8Array() });
    expect((await endOf(1)).header.outcome).toBe("cancelled");
    agent.execute(2, "square", [2]);
    await endOf(2);
    expect(agent.frames.filter(({ kind }) => kind === "ended")).toHaveLength(2);
  });

  test("knows what it is", async () => {
    agent.execute(5, "knowsItself", []);
    expect(JSON.parse(textOf(await endOf(5)))).toMatchObject({
      executionId: "execution-5",
      run: "run-1",
      attempt: 1,
      replicaId: "replica-1",
      environment: "fixture",
      deadline: { $datetime: "2027-01-15T08:00:00.000Z" },
      traceparent: "00-a-b-01",
    });
  });

  test("of a trace that is not sampled has ids that say so to hand on", async () => {
    agent.execute(5, "knowsItself", [], { unsampled: true });
    const { traceparent } = JSON.parse(textOf(await endOf(5))) as { traceparent: string };
    expect(traceparent).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/);
  });

  test("cannot warm an environment up, and says who can", async () => {
    agent.execute(1, "warms", []);
    expect((await endOf(1)).header.failure?.message).toContain("warm() was called in a replica");
  });

  test("that leaves the process takes the runner with it, its last words sent", async () => {
    const exit = once(agent.runner, "exit");
    agent.execute(1, "leaves", []);
    expect([textOf(await agent.frame("log")), (await exit)[0]]).toEqual(["last words\n", 7]);
  });
});

describe("calls", () => {
  beforeEach(loadFixture);

  test("name the task, its environment and the arguments", async () => {
    agent.execute(1, "callsTwice", []);
    const call = await agent.frame("call");
    expect(call.header).toEqual({ call: 1, attempt: 1, environment: "elsewhere", task: "double" });
    expect(textOf(call)).toBe('{"args":[1]}');
  });

  test("of an overridden task carry the policy", async () => {
    agent.execute(1, "overrides", []);
    expect((await agent.frame("call")).header.policy).toMatchObject({ minReplicas: 1, maxReplicas: 1 });
  });

  test("carry affinity, priority and the wish for a fresh replica, of maps too", async () => {
    agent.execute(1, "prefers", []);
    const preferred = { affinityKey: "user-7", priority: -3 };
    for (const [call, options] of [preferred, preferred, { freshReplica: true }].entries()) {
      const { header } = await agent.frame("call", (frame) => frame.header.call === call + 1);
      expect(header).toEqual({ call: call + 1, attempt: 1, environment: "elsewhere", task: "double", ...options });
      answer(call + 1, 1);
    }
    await endOf(1);
  });

  test("many at once park the attempt once, and again while some are outstanding after others ended", async () => {
    agent.execute(1, "calls", [3]);
    await agent.frame("call", ({ header }) => header.call === 3);
    const parks = (): number => agent.frames.filter(({ kind }) => kind === "park").length;
    await expect.poll(parks).toBe(1);
    answer(1, 10);
    await expect.poll(parks).toBe(2);
    answer(2, 20);
    answer(3, 30);
    expect(textOf(await endOf(1))).toBe('"10,20,30"');
    expect(parks()).toBe(2);
  });

  test("one after another each park the attempt", async () => {
    agent.execute(1, "callsTwice", []);
    await agent.frame("park");
    answer(1, 10);
    await expect.poll(() => agent.frames.filter(({ kind }) => kind === "park").length).toBe(2);
    answer(2, 20);
    expect(textOf(await endOf(1))).toBe("[10,20]");
  });

  test("that failed raise TaskError in the caller", async () => {
    agent.execute(1, "callsTwice", []);
    await agent.frame("call");
    const failure = { reason: "BACKLOG_FULL", message: "no room" };
    agent.send({ kind: "callEnded", header: { call: 1, outcome: "failed", failure }, body: new Uint8Array() });
    expect((await endOf(1)).header.failure).toMatchObject({
      exceptionType: "TaskError",
      message: "BACKLOG_FULL: no room",
    });
  });

  test("are cancelled with the attempt that waits for them", async () => {
    agent.execute(1, "callsTwice", []);
    await agent.frame("call");
    agent.send({ kind: "cancel", header: { attempt: 1 }, body: new Uint8Array() });
    expect((await agent.frame("cancelCall")).header.call).toBe(1);
    expect((await endOf(1)).header.outcome).toBe("cancelled");
  });
});

test("the runner leaves when the agent hangs up", async () => {
  await agent.frame("hello");
  await agent[Symbol.asyncDispose]();
  expect(agent.runner.exitCode).toBe(0);
  agent = await startScriptedAgent();
});
