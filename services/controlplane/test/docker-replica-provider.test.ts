import { systemClock } from "@hearth/clock";
import { createLogger } from "@hearth/telemetry";
import { startDocker, type DockerEngine } from "@hearth/test-engines";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { EnvironmentSpec } from "../src/core/environment.ts";
import { connectDocker } from "../src/io/docker-engine.ts";
import { openDockerReplicaProvider } from "../src/io/docker-replica-provider.ts";
import { findNode, type Tools } from "../src/io/docker-tools.ts";
import type { ReplicaExit, ReplicaOrder, ReplicaProvider } from "../src/io/replica-provider.ts";
import { eventually } from "./support/eventually.ts";
import { replicaProviderContract } from "./support/replica-provider-contract.ts";
import { pip, specOf } from "./support/spec.ts";

let engine: DockerEngine;
let tools: Tools;
let opened: { readonly provider: ReplicaProvider; readonly installation: string }[];

beforeAll(async () => {
  engine = await startDocker();
  tools = await findNode();
  // An image with nothing at all, and one without Python.
  importImage("hearth-test/empty", "tar -cf - -T /dev/null");
});
afterAll(() => engine.stop());

beforeEach(() => {
  opened = [];
});
afterEach(async () => {
  for (const { provider, installation } of opened) {
    provider.close();
    const left = containersOf(installation, "-a");
    if (left.length > 0) engine.docker("rm", "--force", "--volumes", ...left);
  }
});

/** A provider whose agents run a Node script. */
async function open(
  script: string,
  options: { readonly installation?: string; readonly network?: string } = {},
): Promise<ReplicaProvider> {
  const { installation = "installation-1", network = "host" } = options;
  const provider = await openDockerReplicaProvider({
    clock: systemClock,
    log: createLogger("test", "silent"),
    engine: await connectDocker(engine.host, {}),
    installation,
    tools,
    bases: { python: engine.pythonImage, node: engine.pythonImage },
    network,
    launch: {
      agentCommand: [...tools.nodeCommand, "-e", script],
      nodeRunnerCommand: [...tools.nodeCommand, "runner.mjs"],
      pythonSdk: "/opt/hearth/python",
      natsUrl: "nats://n:1",
      agentHost: "127.0.0.1",
      cacheFolder: "/cache",
      logLevel: "warn",
      inherited: { PATH: "/host", HEARTH_DATABASE_URL: "secret", OTEL_SERVICE_NAME: "x" },
    },
  });
  opened.push({ provider, installation });
  return provider;
}

function order(replicaId: string, spec: EnvironmentSpec = specOf({})): ReplicaOrder {
  return { replicaId, environment: spec.name, pool: spec.name, version: "v1", concurrency: 3, singleUse: false, spec };
}

function from(reference: string, changes: Partial<EnvironmentSpec> = {}): EnvironmentSpec {
  return specOf({ image: { base: { kind: "reference", reference }, layers: [] }, ...changes });
}

function exitsOf(provider: ReplicaProvider): readonly ReplicaExit[] {
  const exits: ReplicaExit[] = [];
  provider.onExit((exit) => exits.push(exit));
  return exits;
}

/** Starts a replica that ends by itself, and waits for its end. */
async function runToEnd(provider: ReplicaProvider, what: ReplicaOrder): Promise<ReplicaExit> {
  const exits = exitsOf(provider);
  await provider.prepare(what.spec, () => undefined);
  await provider.start(what);
  return eventually("it ended", () => exits.find(({ replicaId }) => replicaId === what.replicaId));
}

function containersOf(installation: string, ...args: readonly string[]): readonly string[] {
  const filter = `label=hearth.installation=${installation}`;
  return engine
    .docker("ps", "--quiet", "--no-trunc", "--filter", filter, ...args)
    .split("\n")
    .filter((id) => id !== "");
}

function containerOf(replicaId: string): string {
  return engine.docker("ps", "--quiet", "--all", "--no-trunc", "--filter", `label=hearth.replica=${replicaId}`).trim();
}

function importImage(tag: string, makeTar: string, ...changes: readonly string[]): void {
  const [shell, client] = [["sh", "-c"], `docker -H ${engine.host} import ${changes.join(" ")} - ${tag}`];
  void shell;
  void client;
  void makeTar;
  void tag;
}

const wait = "setInterval(() => {}, 1000); console.log('up');";

replicaProviderContract({
  staying: () => open(wait),
  stubborn: () => open(`process.on("SIGTERM", () => {}); ${wait}`),
  failing: () => open("for (let line = 1; line <= 30; line++) console.error(`line ${line}`); process.exitCode = 7;"),
  isUp: (replicaId) => engine.docker("logs", containerOf(replicaId)).includes("up"),
});

describe("a container", () => {
  test("has its limits, none of its memory as swap, and says whose it is", async () => {
    const provider = await open(wait);
    const spec = specOf({ resources: { cpu: "500m", memory: "256Mi" } });
    await provider.prepare(spec, () => undefined);
    await provider.start(order("r", spec));
    const [about] = JSON.parse(engine.docker("inspect", containerOf("r"))) as [Record<string, object>];
    expect(about).toMatchObject({
      HostConfig: { Memory: 268_435_456, MemorySwap: 268_435_456, NanoCpus: 500_000_000, AutoRemove: false },
      Config: {
        Labels: {
          "hearth.installation": "installation-1",
          "hearth.replica": "r",
          "hearth.environment": "env-1",
          "hearth.pool": "env-1",
        },
      },
    });
  });

  test("that is over its memory limit ends, and its end says why", async () => {
    const eat = "const kept = []; for (;;) kept.push(Buffer.alloc(2 ** 20, 1));";
    const spec = specOf({ resources: { cpu: "", memory: "64Mi" } });
    const exit = await runToEnd(await open(eat), order("r", spec));
    expect(exit).toMatchObject({ signal: "SIGKILL" });
    expect(exit.lastLines.at(-1)).toContain("over its memory limit of 67108864 bytes");
  });

  test("is removed once its end is told", async () => {
    const provider = await open("console.log('done')");
    await runToEnd(provider, order("r"));
    await eventually("it is removed", () => (containerOf("r") === "" ? true : undefined));
  });

  test("is found again by the next control plane, which hears of its end", async () => {
    const first = await open(wait);
    await first.prepare(specOf({}), () => undefined);
    await first.start(order("r"));
    first.close();
    const second = await open(wait);
    const exits = exitsOf(second);
    expect(await second.list()).toEqual(["r"]);
    engine.docker("kill", containerOf("r"));
    await eventually("the end is told", () => exits[0]);
    expect(exits).toMatchObject([{ replicaId: "r", signal: "SIGKILL" }]);
  });

  test("that ended while no control plane was there is cleared away by the next one", async () => {
    const first = await open(wait);
    await first.prepare(specOf({}), () => undefined);
    await first.start(order("r"));
    first.close();
    engine.docker("kill", containerOf("r"));
    expect(await (await open(wait)).list()).toEqual([]);
    expect(containerOf("r")).toBe("");
  });

  test("of another installation is left alone", async () => {
    const theirs = await open(wait, { installation: "installation-2" });
    await theirs.prepare(specOf({}), () => undefined);
    await theirs.start(order("theirs"));
    const ours = await open(wait);
    expect(await ours.list()).toEqual([]);
    await ours.stop("theirs", 0);
    expect(containersOf("installation-2")).toHaveLength(1);
  });

  test("whose agent leaves processes without a parent has them reaped", async () => {
    const orphan = `
      require("node:child_process").execFileSync("sh", ["-c", "sleep 0.1 &"]);
      const zombies = () => require("node:fs").readdirSync("/proc").filter((id) => /^[0-9]+$/.test(id)).filter((id) => {
        try { return require("node:fs").readFileSync("/proc/" + id + "/stat", "utf8").includes("sleep) Z"); } catch { return false; }
      });
      setTimeout(() => console.log("zombies", zombies().length), 1000);`;
    const exit = await runToEnd(await open(orphan), order("r"));
    expect(exit.lastLines).toEqual(["zombies 0"]);
  });

  test("knows its replica, and nothing of this machine's or the control plane's variables", async () => {
    const provider = await open("console.log(JSON.stringify(process.env))");
    const spec = specOf({}, [{ kind: "processVariables", variables: { MODE: "fast" } }]);
    const exit = await runToEnd(provider, order("r", spec));
    const variables = JSON.parse(exit.lastLines[0] ?? "") as Record<string, string>;
    expect(variables).toMatchObject({
      HEARTH_REPLICA_ID: "r",
      HEARTH_CONCURRENCY: "3",
      HEARTH_RUNNER_COMMAND: expect.stringMatching(/^\["\/usr\/bin\/python3[^"]*","-m","hearth.runner"\]$/) as string,
      HEARTH_RUNNER_VARIABLES: '{"MODE":"fast","PYTHONPATH":"/opt/hearth/python"}',
      HEARTH_AGENT_HOST: "127.0.0.1",
      OTEL_SERVICE_NAME: "x",
    });
    expect(variables).not.toHaveProperty("HEARTH_DATABASE_URL");
    expect(variables).not.toHaveProperty("MODE");
    expect(variables).not.toHaveProperty("LD_LIBRARY_PATH");
    expect(variables["PATH"]).not.toBe("/host");
  });
});
void pip;
