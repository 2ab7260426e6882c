import { ExecutionPhase, RunService, type ExecutionRequest } from "@hearth/proto";
import { openChannel, service, startGrpcServer, type GrpcServer, type Handlers } from "@hearth/rpc";
import { expect, test } from "vitest";
import { connectControlPlane } from "../src/client/control-plane.ts";
import { followLogs, followRun } from "../src/client/follow.ts";
import { Patience } from "../src/client/patience.ts";

function serve(handlers: Partial<Handlers<typeof RunService>>, port = 0): Promise<GrpcServer> {
  const services = [service(RunService, handlers as Handlers<typeof RunService>)];
  return startGrpcServer({ host: "127.0.0.1", port, services, report: () => undefined });
}

function connectTo(port: number, unreachableAfterMs?: number): ReturnType<typeof connectControlPlane> {
  const address = `127.0.0.1:${port}`;
  return connectControlPlane(openChannel(address), new Patience(address, unreachableAfterMs));
}

const forever = (): Promise<never> => new Promise(() => undefined);

test("a run whose answer is lost with its control plane is asked for again under its id, and says so", async () => {
  const asked: ExecutionRequest[] = [];
  const first = await serve({
    createRun: ({ execution }) => {
      if (execution !== undefined) asked.push(execution);
      void first.stop(0);
      return forever();
    },
  });
  const created = connectTo(first.port).runs.createRun({ execution: { executionId: "e" } });
  await expect.poll(() => asked.length).toBe(1);
  await using second = await restarted(first, {
    createRun: ({ execution }) => {
      if (execution !== undefined) asked.push(execution);
      return Promise.resolve({ run: { name: "e" } });
    },
  });
  expect((await created).run?.name).toBe("e");
  expect(second.server.port).toBe(first.port);
  expect(asked.map(({ executionId, askedBefore }) => [executionId, askedBefore])).toEqual([
    ["e", false],
    ["e", true],
  ]);
});

test("a followed run and its lines go on where they were when the control plane is back", async () => {
  const line = (text: string): { text: string } => ({ text });
  const first = await serve({
    async *watchRun() {
      yield { run: { name: "r", phase: ExecutionPhase.RUNNING } };
      await forever();
    },
    async *readLogs() {
      yield { lines: [line("1"), line("2")] };
      await forever();
    },
  });
  const controlPlane = connectTo(first.port);
  const phases: ExecutionPhase[] = [];
  const texts: string[] = [];
  const followed = Promise.all([
    (async () => {
      for await (const { phase } of followRun(controlPlane, "r")) phases.push(phase);
    })(),
    (async () => {
      for await (const { text } of followLogs(controlPlane, { run: "r", follow: true })) texts.push(text);
    })(),
  ]);
  await expect.poll(() => [phases.length, texts.length]).toEqual([1, 2]);
  await first.stop(0);
  const ended = { name: "r", phase: ExecutionPhase.SUCCEEDED };
  await using second = await restarted(first, {
    getRun: () => Promise.resolve({ run: ended }),
    async *watchRun() {
      yield await Promise.resolve({ run: ended });
    },
    async *readLogs() {
      yield await Promise.resolve({ lines: [line("1")] });
      yield { lines: [line("2"), line("3")] };
    },
  });
  await followed;
  expect(second.server.port).toBe(first.port);
  expect([phases, texts]).toEqual([
    [ExecutionPhase.RUNNING, ExecutionPhase.SUCCEEDED],
    ["1", "2", "3"],
  ]);
});

test("a control plane that stays away is named once patience is over", async () => {
  await expect(connectTo(1, 100).runs.getRun({ name: "r" })).rejects.toMatchObject({
    reason: "CONTROL_PLANE_UNREACHABLE",
    message: expect.stringContaining("127.0.0.1:1") as string,
  });
});

/** Another server at the same address. */
async function restarted(
  { port }: GrpcServer,
  handlers: Partial<Handlers<typeof RunService>>,
): Promise<AsyncDisposable & { readonly server: GrpcServer }> {
  const deadline = performance.now() + 10_000;
  for (;;) {
    try {
      const server = await serve(handlers, port);
      return { server, [Symbol.asyncDispose]: () => server.stop(0) };
    } catch (error) {
      // The first one still lets go of its port.
      if (performance.now() > deadline) throw error;
    }
  }
}
