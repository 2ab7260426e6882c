import { encodeFrame, FrameSocket, type Frame } from "@hearth/runner-protocol";
import { Random } from "@hearth/simulation";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { checkout } from "../e2e/support/run-hearth.ts";
import { spoil } from "./spoil-bytes.ts";
import { noise } from "./words.ts";

const seed = Number(process.env["FUZZ_SEED"] ?? 1);
const storms = 4;
const framesOfStorm = 60;
const patience = { timeout: 15_000, interval: 20 };
const shortPatience = { timeout: 2_000, interval: 20 };
const nothing = new Uint8Array();

const python = {
  language: "python",
  command: ["python3", "-B", "-m", "hearth.runner"],
  variables: { PYTHONPATH: join(checkout, "libs", "sdk-python", "src") },
  file: "code.py",
  code: "import hearth\nenv = hearth.TaskEnvironment('fuzzed')\n\n@env.task\nasync def echo(value):\n    return value\n",
};
const node = {
  language: "node",
  command: [process.execPath, join(checkout, "dist", "runner.mjs")],
  variables: {},
  file: "code.mjs",
  code: `globalThis[Symbol.for("hearth.registry")]; import { TaskEnvironment } from "${join(checkout, "libs", "sdk", "src", "task-side.ts")}"; new TaskEnvironment({ name: "fuzzed" }).task("echo", (value) => value);`,
};

type Runner = typeof python | typeof node;

/** A runner whose agent is the test. */
async function startRunner(runner: Runner) {
  const folder = mkdtempSync(join(tmpdir(), "hearth-fuzz-"));
  const path = join(folder, "runner.sock");
  writeFileSync(join(folder, runner.file), runner.code);
  const server = createServer();
  server.listen(path);
  await once(server, "listening");
  const [program = "", ...args] = runner.command;
  const child: ChildProcess = spawn(program, args, {
    env: { PATH: process.env["PATH"], ...runner.variables, HEARTH_RUNNER_SOCKET: path },
    stdio: "ignore",
  });
  const [socket] = (await once(server, "connection")) as [Socket];
  const frames: Frame[] = [];
  const agent = new FrameSocket(socket, { receive: (frame) => void frames.push(frame), closed: () => undefined });
  const bundle = runner.language === "python" ? folder : join(folder, runner.file);
  const tasks = [{ name: "echo", entrypoint: "code:echo" }];
  agent.send({
    kind: "load",
    header: { bundle, tasks, environment: "fuzzed", version: "v", concurrency: 2 },
    body: nothing,
  });
  await vi.waitFor(() => expect(frames.map(({ kind }) => kind)).toContain("loaded"), patience);
  let attempts = 1_000_000;
  return {
    socket,
    isGone: () => child.exitCode !== null || child.signalCode !== null,
    /** How an attempt at echo ends. */
    async execute(body: Uint8Array): Promise<Extract<Frame, { kind: "ended" }>> {
      const attempt = ++attempts;
      const header = { attempt, execution: "x", number: 1, run: "x", task: "echo" };
      agent.send({ kind: "execute", header, body });
      return vi.waitFor(() => {
        const end = frames.find((frame) => frame.kind === "ended" && frame.header.attempt === attempt);
        return end?.kind === "ended" ? end : expect.fail(`attempt ${attempt} has not ended`);
      }, patience);
    },
    async [Symbol.asyncDispose]() {
      socket.destroy();
      if (child.exitCode === null && child.signalCode === null) {
        const exited = once(child, "exit");
        child.kill("SIGKILL");
        await exited;
      }
      server.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const values: readonly unknown[] = [
  null,
  0,
  -1,
  1,
  2 ** 53,
  "",
  "echo",
  "__proto__",
  "constructor",
  [],
  {},
  true,
  1e308,
];
const fields = [
  "attempt",
  "execution",
  "number",
  "run",
  "task",
  "call",
  "outcome",
  "failure",
  "traceparent",
  "tracestate",
  "unsampled",
];

/** What an agent may send, and what it may not. */
function frameOf(random: Random): Uint8Array {
  const header = Object.fromEntries(
    fields.filter(() => random.happens(0.7)).map((field) => [field, random.pick(values)]),
  );
  const kind = random.pick(["execute", "execute", "cancel", "callEnded"] as const);
  const frame = encodeFrame({ kind, header, body: noise(random, random.between(0, 30)) } as unknown as Frame);
  return random.happens(0.9) ? frame : spoil(random, frame);
}

describe.each([python, node])("a runner in $language", (runner) => {
  it("ends an attempt whose arguments nobody can read, and serves the next", async () => {
    await using running = await startRunner(runner);
    const deep = `{"args":[${"[".repeat(10_000)}${"]".repeat(10_000)}]}`;
    for (const body of [
      deep,
      "{",
      "[]",
      "7",
      '{"args":7}',
      `{"args":[${"9".repeat(10_000)}]}`,
      "\xff\xfe",
      '{"__proto__":{"args":[1]}}',
      '{"args":[],"kwargs":[]}',
    ]) {
      expect((await running.execute(Buffer.from(body, "latin1"))).header.outcome, body.slice(0, 40)).toMatch(
        /^(failed|succeeded)$/,
      );
    }
    const { header, body } = await running.execute(Buffer.from('{"args":["still here"]}'));
    expect([header.outcome, Buffer.from(body).toString()]).toEqual(["succeeded", '"still here"']);
  });

  it(`serves or leaves, whatever its agent sends (seed ${seed})`, async () => {
    for (let storm = 0; storm < storms; storm++) {
      const random = new Random(seed * storms + storm);
      await using running = await startRunner(runner);
      for (let sent = 0; sent < framesOfStorm && !running.socket.destroyed; sent++) {
        running.socket.write(frameOf(random));
        if (random.happens(0.2)) await new Promise(setImmediate);
      }
      const served = running.execute(Buffer.from('{"args":["x"]}')).then(
        () => "served",
        () => "silent",
      );
      const left = vi
        .waitFor(() => expect(running.isGone()).toBe(true), shortPatience)
        .then(
          () => "left",
          () => "stayed",
        );
      if (["served", "left"].includes(await Promise.race([served, left]))) continue;
      // It waits for the rest of a frame that never comes. It leaves when the agent does.
      running.socket.end();
      await vi.waitFor(() => expect(running.isGone(), `seed ${seed}, storm ${storm}`).toBe(true), patience);
    }
  }, 60_000);
});
