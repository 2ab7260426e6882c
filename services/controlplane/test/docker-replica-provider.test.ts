import { systemClock } from "@hearth/clock";
import { ConfigError } from "@hearth/config";
import { createLogger } from "@hearth/telemetry";
import { startDocker, type DockerEngine } from "@hearth/test-engines";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { EnvironmentSpec } from "../src/core/environment.ts";
import { connectDocker } from "../src/io/docker-engine.ts";
import { openDockerReplicaProvider } from "../src/io/docker-replica-provider.ts";
import { findNode, type Tools } from "../src/io/docker-tools.ts";
import type { ReplicaExit, ReplicaOrder, ReplicaProvider } from "../src/io/replica-provider.ts";
import { ensureDocker } from "../../../scripts/ensure-engines.ts";
import { eventually } from "./support/eventually.ts";
import { replicaProviderContract } from "./support/replica-provider-contract.ts";
import { pip, specOf } from "./support/spec.ts";

let engine: DockerEngine;
let tools: Tools;
let opened: { readonly provider: ReplicaProvider; readonly installation: string }[];

beforeAll(async () => {
  engine = await startDocker();
  tools = await findNode();
});
afterAll(() => engine.stop());

beforeEach(() => {
  opened = [];
});
afterEach(async () => {
  for (const { provider } of opened) provider.close();
  for (const { installation } of opened) {
    // A provider may just be removing one.
    await eventually("its containers are gone", () => {
      const left = containersOf(installation, "--all");
      for (const id of left) removeContainer(id);
      return left.length === 0 ? true : undefined;
    });
  }
});

function removeContainer(id: string): void {
  try {
    engine.docker("rm", "--force", "--volumes", id);
  } catch {
    // Somebody else removes it.
  }
}

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

/** Starts a replica that ends by itself, and waits until it has and its container is removed. */
async function runToEnd(provider: ReplicaProvider, what: ReplicaOrder): Promise<ReplicaExit> {
  const exits = exitsOf(provider);
  await provider.prepare(what.spec, () => undefined);
  await provider.start(what);
  const exit = await eventually("it ended", () => exits.find(({ replicaId }) => replicaId === what.replicaId));
  await eventually("its container is removed", () => (containerOf(what.replicaId) === "" ? true : undefined));
  return exit;
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

/** Makes an image of an empty file system, with Dockerfile instructions such as "ENV A=b". */
function importNothing(tag: string, ...instructions: readonly string[]): string {
  const folder = mkdtempSync(join(tmpdir(), "hearth-image-"));
  try {
    const archive = join(folder, "nothing.tar");
    execFileSync("tar", ["-cf", archive, "-T", "/dev/null"]);
    engine.docker("import", ...instructions.flatMap((instruction) => ["--change", instruction]), archive, tag);
    return tag;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Makes an image that differs from the one with Python by Dockerfile instructions. */
function changed(tag: string, ...instructions: readonly string[]): string {
  const changes = instructions.flatMap((instruction) => ["--change", instruction]);
  const container = engine.docker("create", engine.pythonImage, "none").trim();
  engine.docker("commit", ...changes, container, tag);
  engine.docker("rm", container);
  return tag;
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

test("on another network than the host's an agent is to use its container's own address", async () => {
  const network = `hearth-test-${process.pid}`;
  engine.docker("network", "create", network);
  try {
    const script = `
      const addresses = Object.values(require("node:os").networkInterfaces()).flat().filter(({ internal }) => !internal);
      console.log(process.env.HEARTH_AGENT_HOST, addresses.length);`;
    const exit = await runToEnd(await open(script, { network }), order("r"));
    expect(exit.lastLines).toEqual(["auto 1"]);
  } finally {
    engine.docker("network", "rm", network);
  }
});

describe("the injected Node", () => {
  test("runs in an image that has nothing at all", async () => {
    const spec = from(importNothing("hearth-test/nothing"), { language: "node" });
    const write =
      "require('node:fs').writeFileSync(require('node:os').tmpdir() + '/f', ''); console.log(process.version)";
    const exit = await runToEnd(await open(write), order("r", spec));
    expect(exit.lastLines).toEqual([process.version]);
  });

  test("is the same for every installation, and nobody can change it", async () => {
    const script = `try { require("node:fs").writeFileSync("/opt/hearth/bin/node", ""); } catch (error) { console.log(error.code); }`;
    const exit = await runToEnd(await open(script), order("r"));
    await (await open(wait, { installation: "installation-2" })).prepare(specOf({}), () => undefined);
    expect(exit.lastLines).toEqual(["EROFS"]);
    const volumes = engine.docker("volume", "ls", "--quiet", "--filter", `label=hearth.tools=${tools.hash}`);
    expect(volumes.trim()).toBe(`hearth-tools-${tools.hash}`);
  });

  test("is put there again when its volume was removed", async () => {
    const provider = await open("console.log('up')");
    await runToEnd(provider, order("r-1"));
    engine.docker("volume", "rm", `hearth-tools-${tools.hash}`);
    const exits = exitsOf(provider);
    await provider.start(order("r-2"));
    expect(await eventually("it ended", () => exits[0])).toMatchObject({ exitCode: 0, lastLines: ["up"] });
  });
});

describe("an image", () => {
  const printRunner = "console.log(process.env.HEARTH_RUNNER_VARIABLES, process.env.LD_PRELOAD, process.getuid())";

  test("gives its variables to the runner and not to the agent, and its user to both", async () => {
    const image = changed("hearth-test/changed", "ENV LD_PRELOAD=/none.so PYTHONPATH=/theirs", "USER 1234");
    const exit = await runToEnd(await open(printRunner), order("r", from(image, { language: "python" })));
    const [variables = "", ...others] = exit.lastLines.at(-1)?.split(" ") ?? [];
    expect(JSON.parse(variables)).toEqual({ LD_PRELOAD: "/none.so", PYTHONPATH: "/opt/hearth/python:/theirs" });
    expect(others).toEqual(["undefined", "1234"]);
  });

  test("without Python is refused for a Python environment by name", async () => {
    const spec = from(importNothing("hearth-test/nothing"));
    await expect((await open(wait)).prepare(spec, () => undefined)).rejects.toMatchObject({
      reason: "IMAGE_NOT_SUPPORTED",
      message: expect.stringContaining('"hearth-test/nothing" has no "python3"') as string,
    });
    expect(containersOf("installation-1", "--all")).toEqual([]);
  });

  test("whose Python is of another version than asked for is refused by name", async () => {
    const spec = specOf({ image: { base: { kind: "debian", pythonVersion: "3.99" }, layers: [] } });
    await expect((await open(wait)).prepare(spec, () => undefined)).rejects.toMatchObject({
      reason: "IMAGE_NOT_SUPPORTED",
      message: expect.stringMatching(/has Python 3\.\d+\.\d+, not 3\.99/) as string,
    });
  });

  test("that is nowhere fails with its name and what to do", async () => {
    const spec = from("127.0.0.1:1/nobody/nothing:1");
    await expect((await open(wait)).prepare(spec, () => undefined)).rejects.toMatchObject({
      reason: "IMAGE_BUILD_FAILED",
      message: expect.stringMatching(/"127\.0\.0\.1:1\/nobody\/nothing:1" is not on .* could not be pulled/) as string,
    });
  });

  test("is built from its steps in order, once, and nothing a user writes is read by another shell", async () => {
    const provider = await open("console.log(require('node:fs').readFileSync('/said', 'utf8'))");
    const awkward = `a 'b' "c" $HOME \\ <<EOF #\n# \\`;
    const spec = specOf({}, [
      { kind: "commands", commands: [`printf '%s' "$WORD" > /said`] },
      { kind: "processVariables", variables: { WORD: awkward } },
      { kind: "commands", commands: [`printf '%s|' "$WORD" >> /said`, 'echo "it\'s" done'] },
      pip(["unionai-reuse"]),
    ]);
    const lines: string[] = [];
    const prepare = (): Promise<void> => provider.prepare(spec, (line) => lines.push(line));
    await Promise.all([prepare(), prepare()]);
    expect(lines.filter((line) => line === "it's done")).toHaveLength(1);
    expect(lines.filter((line) => line.includes("is being built by another deployment"))).toHaveLength(1);
    const exit = await runToEnd(provider, order("r", spec));
    expect(exit.lastLines.join("\n")).toBe(`${awkward}|`);
    const again: string[] = [];
    await provider.prepare(spec, (line) => again.push(line));
    expect(again).toContainEqual(expect.stringContaining("is there already"));
  });

  test("has the Python packages that it asks for, of a system's own Python too", async () => {
    const provider = await open(`console.log(require("node:child_process").execFileSync(
      JSON.parse(process.env.HEARTH_RUNNER_COMMAND)[0], ["-c", "import tiny; print(tiny.answer)"], { encoding: "utf8" }))`);
    const spec = specOf({}, [
      { kind: "commands", commands: [`python3 -c '${tinyWheel}'`] },
      pip(["hearth-test-wheel"], ["--no-index", "--find-links", "/wheels"]),
    ]);
    expect((await runToEnd(provider, order("r", spec))).lastLines).toEqual(["42"]);
  });

  test("whose step fails fails with the step's own words", async () => {
    const spec = specOf({}, [{ kind: "commands", commands: ["echo no such luck >&2; exit 3"] }]);
    await expect((await open(wait)).prepare(spec, () => undefined)).rejects.toMatchObject({
      reason: "IMAGE_BUILD_FAILED",
      message: expect.stringMatching(/returned a non-zero code: 3\n[^]*no such luck/) as string,
    });
    expect(containersOf("installation-1", "--all")).toEqual([]);
  });
});

test("limits that the engine cannot give are refused when they are asked for", async () => {
  const provider = await open(wait);
  const spec = specOf({ resources: { cpu: "1000", memory: "" } });
  await expect(provider.prepare(spec, () => undefined)).rejects.toMatchObject({
    reason: "INVALID_RESOURCES",
    message: expect.stringContaining('resources.cpu is "1000"; the Docker engine has') as string,
  });
});

/** Only an engine of the tests' own may be started again. */
test.runIf(ensureDocker().kind === "own")(
  "an engine that is started again is listened to again, and what ended meanwhile is told",
  async () => {
    const provider = await open(wait);
    const exits = exitsOf(provider);
    await provider.prepare(specOf({}), () => undefined);
    await provider.start(order("r-1"));
    await engine.restart();
    await eventually("the end of the first is told", () => exits.find(({ replicaId }) => replicaId === "r-1"));
    await provider.start(order("r-2"));
    engine.docker("kill", containerOf("r-2"));
    await eventually("the end of the second is told", () => exits.find(({ replicaId }) => replicaId === "r-2"));
    expect(exits).toHaveLength(2);
    expect(await provider.list()).toEqual([]);
  },
);

test.each([
  ["unix:///nowhere/docker.sock", "unix:///nowhere/docker.sock does not answer"],
  ["tcp://127.0.0.1:1", "tcp://127.0.0.1:1 does not answer"],
  ["ssh://somebody@somewhere", "give a unix://, tcp://, http:// or https:// address"],
])("an engine at %s is refused with what to change", async (host, message) => {
  await expect(connectDocker(host, {})).rejects.toThrow(message);
  await expect(connectDocker(host, {})).rejects.toBeInstanceOf(ConfigError);
});

/** Writes a wheel of one module, as PEP 427 lays it out. */
const tinyWheel = `
import os, zipfile
info = "hearth_test_wheel-1.0.dist-info"
os.mkdir("/wheels")
with zipfile.ZipFile("/wheels/hearth_test_wheel-1.0-py3-none-any.whl", "w") as archive:
    archive.writestr("tiny.py", "answer = 42\\n")
    archive.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\\nName: hearth-test-wheel\\nVersion: 1.0\\n")
    archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\\nGenerator: hand\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
    archive.writestr(f"{info}/RECORD", f"tiny.py,,\\n{info}/METADATA,,\\n{info}/WHEEL,,\\n{info}/RECORD,,\\n")
`;
