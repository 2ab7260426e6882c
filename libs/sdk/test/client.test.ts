import {
  BundleService,
  EnvironmentService,
  ExecutionPhase,
  ReplicaState,
  RunService,
  type EnvironmentSpec,
  type ExecutionRequest,
  type WarmEnvironmentRequest,
} from "@hearth/proto";
import { service, startGrpcServer, type GrpcServer, type Handlers } from "@hearth/rpc";
import { afterAll, beforeAll, expect, test } from "vitest";
import { init, reference, ReusePolicy, run } from "@hearth/sdk";
import { environment, square } from "./fixture-program.ts";

const uploads: string[] = [];
const deployed: string[] = [];
const specs: (EnvironmentSpec | undefined)[] = [];
const created: ExecutionRequest[] = [];
const warmed: WarmEnvironmentRequest[] = [];
/** What each WatchPool in turn says before it ends, as the ready replicas' versions and a pool's name. */
let pools: { readonly name?: string; readonly ready: readonly string[]; readonly failure?: string }[] = [];
let server: GrpcServer;

const bytes = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value));

/** Only what a test needs of a service. */
function part<H>(handlers: Partial<H>): H {
  return handlers as H;
}

beforeAll(async () => {
  const bundles = part<Handlers<typeof BundleService>>({
    hasBundle: ({ sha256 }) => Promise.resolve({ found: uploads.includes(sha256) }),
    uploadBundle: ({ sha256 }) => (uploads.push(sha256), Promise.resolve({})),
  });
  const environments = part<Handlers<typeof EnvironmentService>>({
    async *deployEnvironment({ spec }) {
      deployed.push(spec?.name ?? "");
      specs.push(spec);
      yield await Promise.resolve({ event: { case: "environment", value: { name: spec?.name ?? "" } } } as const);
    },
    getEnvironment: ({ name }) => Promise.resolve({ environment: { name, version: { id: "v2" } } }),
    warmEnvironment: (request) => (warmed.push(request), Promise.resolve({ replicas: request.replicas || 2 })),
    async *watchPool() {
      const { name = "fixture", ready, failure = "" } = (await Promise.resolve(pools.shift())) ?? { ready: [] };
      const replicas = ready.map((version) => ({ state: ReplicaState.READY, version }));
      yield { pools: [{ name, replicas, lastStartFailure: failure }] };
    },
  });
  const runs = part<Handlers<typeof RunService>>({
    createRun: ({ execution }) => {
      if (execution !== undefined) created.push(execution);
      return Promise.resolve({
        run: { name: execution?.task ?? "", url: "http://x/", phase: ExecutionPhase.QUEUED },
      });
    },
    getRun: ({ name }) =>
      Promise.resolve({
        run:
          name === "square"
            ? { name, phase: ExecutionPhase.SUCCEEDED, result: { inline: bytes(49) } }
            : {
                name,
                phase: ExecutionPhase.FAILED,
                failure: { reason: "TASK_FAILED", message: "m", traceback: "remote line 1" },
              },
      }),
    async *watchRun({ name }) {
      yield await Promise.resolve({
        run: { name, phase: name === "square" ? ExecutionPhase.SUCCEEDED : ExecutionPhase.FAILED },
      });
    },
  });
  const services = [
    service(BundleService, bundles),
    service(EnvironmentService, environments),
    service(RunService, runs),
  ];
  server = await startGrpcServer({ host: "127.0.0.1", port: 0, services, report: () => undefined });
  init({ controlPlane: `127.0.0.1:${server.port}` });
});
afterAll(() => server.stop(0));

test("a run deploys what the program declares, uploads its bundle once and gives its result", async () => {
  const outputs = [await (await run(square, 7)).outputs(), await (await run(square, 7)).outputs()];
  expect([outputs, deployed, uploads.length]).toEqual([[49, 49], ["fixture"], 1]);
});

test("a run that failed throws TaskError with the remote traceback", async () => {
  const failing = await run(reference<() => Promise<void>>("fixture", "fails"));
  await expect(failing.outputs()).rejects.toMatchObject({
    name: "TaskError",
    reason: "TASK_FAILED",
    traceback: "remote line 1",
  });
});

test("what a task is overridden with travels with its run", async () => {
  await run(square.override({ reusable: "off", affinityKey: "user-7", priority: 0 }), 7);
  await run(square.override({ reusable: new ReusePolicy({ replicas: 1 }) }), 7);
  await run(square, 7);
  const [fresh, own, plain] = created.slice(-3);
  expect(fresh).toMatchObject({ freshReplica: true, affinityKey: "user-7", priority: 0 });
  expect(fresh?.policyOverride).toBeUndefined();
  expect(own?.policyOverride).toMatchObject({ minReplicas: 1, maxReplicas: 1 });
  expect([plain?.freshReplica, plain?.affinityKey, plain?.priority]).toEqual([false, "", undefined]);
});

test("limits travel with a run", async () => {
  await run(
    square.override({ retries: { count: 2, on: ["E"] }, timeout: 1, deadline: new Date(5), idempotencyKey: "k" }),
    7,
  );
  expect(created.at(-1)).toMatchObject({
    retryPolicy: { retries: 2, retryOn: ["E"] },
    attemptTimeoutMs: 1_000,
    queueTimeoutMs: 0,
    deadlineUnixMs: 5,
    idempotencyKey: "k",
  });
});

test("warming asks for replicas and does not wait", async () => {
  expect([await environment.warm(), await environment.warm({ replicas: 5 })]).toEqual([2, 5]);
  expect(warmed.map(({ name, replicas }) => [name, replicas])).toEqual([
    ["fixture", 0],
    ["fixture", 5],
  ]);
});

test("warming deploys what the program declares first", async () => {
  const { late } = await import("./fixture-late.ts");
  await late.warm();
  expect([deployed.at(-1), warmed.at(-1)?.name]).toEqual(["late", "late"]);
  // With the limits its task declares.
  expect(specs.at(-1)?.tasks).toMatchObject([{ retryPolicy: { retries: 3 }, queueTimeout: { seconds: 60n } }]);
});

test("waiting for a warm environment ends when that many replicas of the present version are ready", async () => {
  pools = [
    { ready: ["v1", "v1"] },
    { name: "fixture/of-a-run", ready: ["v2", "v2"] },
    { ready: ["v2"] },
    { ready: ["v2", "v2"] },
  ];
  expect(await environment.warm({ wait: true })).toBe(2);
  expect(pools).toEqual([]);
});

test("waiting for too long names the last failed start", async () => {
  pools = Array.from({ length: 100 }, () => ({ ready: ["v2"], failure: "Cannot find module x" }));
  await expect(environment.warm({ wait: true, timeout: 0.3 })).rejects.toMatchObject({
    name: "TimeoutError",
    message: 'Environment "fixture" has 1 of 2 replicas ready after 0.3 s. The last start failed: Cannot find module x',
  });
});

test.each([0, -1, 1.5, 10_001])("%d replicas cannot be warmed up", async (replicas) => {
  await expect(environment.warm({ replicas })).rejects.toThrow(RangeError);
});
