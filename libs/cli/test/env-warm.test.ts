import { EnvironmentService, ReplicaState } from "@hearth/proto";
import { service, startGrpcServer, type GrpcServer, type Handlers } from "@hearth/rpc";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { runCommandLine } from "../src/program.ts";

let server: GrpcServer;
let asked: number[] = [];
let states: readonly ReplicaState[] = [];

beforeAll(async () => {
  const environments: Partial<Handlers<typeof EnvironmentService>> = {
    warmEnvironment: ({ replicas }) => (asked.push(replicas), Promise.resolve({ replicas: 2 })),
    getEnvironment: ({ name }) => Promise.resolve({ environment: { name, version: { id: "v1" } } }),
    async *watchPool({ name }) {
      const replicas = states.map((state) => ({ state, version: "v1" }));
      yield await Promise.resolve({ pools: [{ name, replicas, lastStartFailure: "No module named x" }] });
    },
  };
  const services = [service(EnvironmentService, environments as Handlers<typeof EnvironmentService>)];
  server = await startGrpcServer({ host: "127.0.0.1", port: 0, services, report: () => undefined });
  vi.stubEnv("HEARTH_CONTROL_PLANE", `127.0.0.1:${server.port}`);
});
afterEach(() => {
  asked = [];
  vi.restoreAllMocks();
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await server.stop(0);
});

/** What a command printed, and its exit code. */
async function hearth(...args: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const printed = { stdout: "", stderr: "" };
  vi.spyOn(console, "log").mockImplementation((text: string) => void (printed.stdout += `${text}\n`));
  vi.spyOn(process.stdout, "write").mockImplementation((text) => Boolean((printed.stdout += String(text))));
  vi.spyOn(process.stderr, "write").mockImplementation((text) => Boolean((printed.stderr += String(text))));
  const code = await runCommandLine(args);
  vi.restoreAllMocks();
  return { code, ...printed };
}

test("warming says how many replicas there are going to be, and does not wait for them", async () => {
  states = [];
  const { code, stdout } = await hearth("env", "warm", "greet", "--replicas", "3");
  expect([code, asked]).toEqual([0, [3]]);
  expect(stdout).toContain("Environment greet is going to have 2 replicas");
});

test("warming with --wait ends when they are ready", async () => {
  states = [ReplicaState.READY, ReplicaState.READY];
  const { code, stdout } = await hearth("env", "warm", "greet", "--wait", "--json");
  expect([code, asked, JSON.parse(stdout)]).toEqual([0, [0], { name: "greet", replicas: 2, ready: true }]);
});

test("warming for too long exits 1 with the last failed start", async () => {
  states = [ReplicaState.READY, ReplicaState.STARTING];
  const { code, stderr } = await hearth("env", "warm", "greet", "--wait", "--timeout", "200ms");
  expect(code).toBe(1);
  expect(stderr).toMatch(/^NOT_READY: .* 1 of 2 replicas ready after 0.2 s. The last start failed: No module named x/);
});
