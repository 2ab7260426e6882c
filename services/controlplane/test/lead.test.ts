import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { connectBus } from "@hearth/bus";
import { newId } from "@hearth/ids";
import { EnvironmentService, ExecutionPhase, RunService } from "@hearth/proto";
import { createClient, openChannel } from "@hearth/rpc";
import { startNats, type NatsEngine } from "@hearth/test-engines";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { eventually } from "./support/eventually.ts";
import { dispatched, ended, startRouterTwin } from "./support/router-twin.ts";

const main = fileURLToPath(new URL("../src/main.ts", import.meta.url));
const long = { timeout: 40_000 };
const within = { timeout: 15_000, interval: 50 };

/** A control plane in a process of its own. */
interface ControlPlaneProcess {
  readonly child: ChildProcess;
  readonly ended: Promise<number | undefined>;
  /** Whether it has said that it looks whether another one leads. */
  isStandingBy: boolean;
  /** The port it serves on, once it leads. */
  grpcPort: number | undefined;
}

let nats: NatsEngine;
let stateFolder: string;
let processes: ControlPlaneProcess[];

beforeEach(async () => {
  nats = await startNats();
  stateFolder = mkdtempSync(join(tmpdir(), "hearth-lead-test-"));
  processes = [];
});

afterEach(async () => {
  for (const { child } of processes) child.kill("SIGKILL");
  await Promise.all(processes.map(({ ended }) => ended));
  await nats.stop();
  rmSync(stateFolder, { recursive: true });
});

function start(): ControlPlaneProcess {
  const variables = {
    ...{ HEARTH_NATS_URL: nats.url, HEARTH_STATE_DIR: stateFolder, HEARTH_CACHE_DIR: join(stateFolder, "cache") },
    ...{ HEARTH_GRPC_PORT: "0", HEARTH_HTTP_PORT: "0", HEARTH_LOG_LEVEL: "info" },
  };
  const child = spawn(process.execPath, [main], {
    env: { ...process.env, ...variables },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const ended = once(child, "exit").then(([code]) => (code as number | null) ?? undefined);
  const started: ControlPlaneProcess = { child, ended, isStandingBy: false, grpcPort: undefined };
  createInterface(child.stdout).on("line", (line) => {
    if (line.startsWith('{"ready":true')) started.grpcPort = (JSON.parse(line) as { grpcPort: number }).grpcPort;
  });
  createInterface(child.stderr).on("line", (line) => {
    started.isStandingBy ||= line.includes("looking whether another one leads");
  });
  processes.push(started);
  return started;
}

async function leads(controlPlane: ControlPlaneProcess): Promise<void> {
  await vi.waitFor(() => expect(controlPlane.grpcPort).toBeDefined(), within);
}

/** One that leads and one that stands by. */
async function startTwo(): Promise<[ControlPlaneProcess, ControlPlaneProcess]> {
  const first = start();
  await leads(first);
  return [first, start()];
}

describe("of two control planes", long, () => {
  test("one leads, and the other takes its place within seconds of its death", async () => {
    const [first, second] = await startTwo();
    const channel = openChannel(`127.0.0.1:${first.grpcPort}`);
    expect(await createClient(EnvironmentService, channel).listEnvironments({})).toMatchObject({ environments: [] });
    channel.close();
    first.child.kill("SIGKILL");
    await first.ended;
    expect(second.grpcPort).toBeUndefined();
    await leads(second);
  });

  test("the other leads at once when the first one leaves", async () => {
    const [first, second] = await startTwo();
    first.child.kill("SIGTERM");
    expect(await first.ended).toBe(0);
    await vi.waitFor(() => expect(second.grpcPort).toBeDefined(), { timeout: 4_000 });
  });

  test("the one that stands by does so over a restart of NATS", async () => {
    const [first, second] = await startTwo();
    await vi.waitFor(() => expect(second.isStandingBy).toBe(true), within);
    await nats.restart();
    first.child.kill("SIGKILL");
    await leads(second);
  });

  test("one that stood still for too long ends itself when it goes on", async () => {
    const [first, second] = await startTwo();
    first.child.kill("SIGSTOP");
    await leads(second);
    first.child.kill("SIGCONT");
    expect(await first.ended).toBe(1);
  });

  test("one that goes on after the other has taken its place takes no record from the history", async () => {
    const bus = await connectBus({ url: nats.url, name: "test" });
    const router = await startRouterTwin(bus);
    const names: string[] = [];
    const journalRun = async (): Promise<void> => {
      const executionId = newId(Date.now());
      const execution = { executionId, environment: "env-1", task: "task" };
      names.push(executionId);
      await router.journal({ case: "accepted", value: { execution } });
      await router.journal(dispatched(executionId));
      await router.journal(ended(executionId));
    };
    const expectWholeHistory = async (controlPlane: ControlPlaneProcess): Promise<void> => {
      const channel = openChannel(`127.0.0.1:${controlPlane.grpcPort}`);
      const runs = createClient(RunService, channel);
      const getLast = () => runs.getRun({ name: names.at(-1) ?? "" });
      await vi.waitFor(() => expect(getLast()).resolves.toHaveProperty("run.endedAt.seconds"), within);
      for (const run of names) {
        const { executions } = await runs.listExecutions({ run });
        expect(executions).toMatchObject([{ phase: ExecutionPhase.SUCCEEDED, attempts: [{ replicaId: "replica-7" }] }]);
      }
      channel.close();
    };
    const [first, second] = await startTwo();
    await journalRun();
    // It stands still between two batches: in the midst of one it would keep the database locked.
    await expectWholeHistory(first);
    first.child.kill("SIGSTOP");
    await eventually("the other leads", async () => {
      await journalRun();
      return second.grpcPort;
    });
    first.child.kill("SIGCONT");
    await eventually("the first one has ended", async () => {
      await journalRun();
      return first.child.exitCode ?? undefined;
    });
    await expectWholeHistory(second);
    await router.stop();
    await bus.close();
  });
});
