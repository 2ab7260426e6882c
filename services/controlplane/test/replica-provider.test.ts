import { systemClock } from "@hearth/clock";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { EnvironmentSpec } from "../src/core/environment.ts";
import { ProcessReplicaProvider } from "../src/io/process-replica-provider.ts";
import type { ReplicaExit, ReplicaProvider } from "../src/io/replica-provider.ts";
import { eventually } from "./support/eventually.ts";
import { pip, specOf } from "./support/spec.ts";
import { replicaProviderContract } from "./support/replica-provider-contract.ts";

let folder: string;
let opened: ReplicaProvider[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "hearth-provider-"));
  opened = [];
});

afterEach(async () => {
  for (const provider of opened) {
    for (const id of await provider.list()) await provider.stop(id, 0);
    provider.close();
  }
  rmSync(folder, { recursive: true, force: true });
});

/** A provider whose agents run a Node script. */
function open(script: string): ReplicaProvider {
  const provider = new ProcessReplicaProvider({
    clock: systemClock,
    folder: join(folder, "replicas"),
    cacheFolder: join(folder, "cache"),
    launch: {
      agentCommand: [process.execPath, "-e", script],
      nodeRunnerCommand: ["node", "runner.mjs"],
      pythonSdk: "/sdk",
      natsUrl: "nats://n:1",
      agentHost: "127.0.0.1",
      cacheFolder: join(folder, "cache"),
      logLevel: "warn",
      inherited: { PATH: process.env["PATH"], HEARTH_DATABASE_URL: "secret", OTEL_SERVICE_NAME: "x" },
    },
  });
  opened.push(provider);
  return provider;
}

function order(replicaId: string, spec: EnvironmentSpec = specOf({})) {
  return { replicaId, environment: spec.name, pool: spec.name, version: "v1", concurrency: 3, singleUse: false, spec };
}

function exitsOf(provider: ReplicaProvider): readonly ReplicaExit[] {
  const exits: ReplicaExit[] = [];
  provider.onExit((exit) => exits.push(exit));
  return exits;
}

const wait = "setInterval(() => {}, 1000); console.log('up');";

replicaProviderContract({
  staying: () => open(wait),
  stubborn: () => open(`process.on("SIGTERM", () => {}); ${wait}`),
  failing: () => open("for (let line = 1; line <= 30; line++) console.error(`line ${line}`); process.exitCode = 7;"),
  isUp: (replicaId) => readFileSync(join(folder, "replicas", `${replicaId}.log`), "utf8").includes("up"),
});

describe("a process", () => {
  test("is found again by the next control plane, which hears of its end", async () => {
    const first = open(wait);
    await first.start(order("process-r"));
    first.close();
    const second = open(wait);
    const exits = exitsOf(second);
    expect(await second.list()).toEqual(["process-r"]);
    const { pid } = JSON.parse(readFileSync(join(folder, "replicas", "process-r.json"), "utf8")) as { pid: number };
    process.kill(pid, "SIGKILL");
    await eventually("the end is told", () => exits[0]);
    expect(exits).toMatchObject([{ replicaId: "process-r" }]);
  });

  test("whose id another process now has is not taken for a replica", async () => {
    mkdirSync(join(folder, "replicas"));
    writeFileSync(join(folder, "replicas", "old.json"), JSON.stringify({ pid: process.pid, birth: "another" }));
    expect(await open(wait).list()).toEqual([]);
    expect(readdirSync(join(folder, "replicas"))).toEqual([]);
  });

  test.each([
    ["in its process group", false],
    ["in a session of its own", true],
  ])("takes what it started with it: %s", async (_where, detached) => {
    const provider = open(`
      const script = "setInterval(() => {}, 1000)";
      const child = require("node:child_process").spawn(process.execPath, ["-e", script], { detached: ${detached} });
      console.log("child", child.pid);
      setInterval(() => {}, 1000);`);
    await provider.start(order("process-r"));
    const child = await eventually("the child runs", () => {
      return /child (\d+)/.exec(readFileSync(join(folder, "replicas", "process-r.log"), "utf8"))?.[1];
    });
    await provider.stop("process-r", 1_000);
    await eventually("the child is gone", () => (isRunning(Number(child)) ? undefined : true));
  });

  test("knows its replica, its own variables, and nothing else of the control plane's", async () => {
    const provider = open("console.log(JSON.stringify(process.env)); console.log('end')");
    const exits = exitsOf(provider);
    const spec = specOf({ resources: { cpu: "", memory: "1Ki" } }, [
      { kind: "processVariables", variables: { MODE: "fast" } },
    ]);
    await provider.start(order("process-r", spec));
    const exit = await eventually("it ended", () => exits[0]);
    const variables = JSON.parse(exit.lastLines[0] ?? "") as Record<string, string>;
    expect(variables).toMatchObject({
      HEARTH_REPLICA_ID: "process-r",
      HEARTH_CONCURRENCY: "3",
      HEARTH_LANGUAGE: "python",
      HEARTH_RUNNER_COMMAND: expect.stringMatching(/^\["\/.*python3[^"]*","-m","hearth.runner"\]$/) as string,
      HEARTH_RUNNER_VARIABLES: '{"MODE":"fast","PYTHONPATH":"/sdk"}',
      OTEL_SERVICE_NAME: "x",
    });
    expect(variables).not.toHaveProperty("HEARTH_DATABASE_URL");
    expect(variables).not.toHaveProperty("MODE");
  });
});

describe("an image", () => {
  test("with packages is built once, and its runner has them", async () => {
    const provider = open("console.log(process.env.HEARTH_RUNNER_COMMAND)");
    const spec = specOf({}, [pip(["hearth-test-wheel"], offline(tinyWheel()))]);
    const lines: string[] = [];
    const prepare = (): Promise<void> => provider.prepare(spec, (line) => lines.push(line));
    await Promise.all([prepare(), prepare()]);
    expect(lines.filter((line) => line === "Successfully installed hearth-test-wheel-1.0")).toHaveLength(1);
    expect(lines.filter((line) => line.includes("is being built by another deployment"))).toHaveLength(1);
    const exits = exitsOf(provider);
    await provider.start(order("process-r", spec));
    const exit = await eventually("it ended", () => exits[0]);
    const [python = ""] = JSON.parse(exit.lastLines[0] ?? "") as readonly string[];
    expect(execFileSync(python, ["-c", "import tiny; print(tiny.answer)"], { encoding: "utf8" })).toBe("42\n");
    const again: string[] = [];
    await provider.prepare(spec, (line) => again.push(line));
    expect(again).toEqual([expect.stringContaining("is there already")]);
  });

  test("whose packages cannot be had fails with the installer's own words and leaves nothing behind", async () => {
    const spec = specOf({}, [pip(["hearth-no-such-package"], offline(folder))]);
    await expect(open(wait).prepare(spec, () => undefined)).rejects.toMatchObject({
      reason: "IMAGE_BUILD_FAILED",
      message: expect.stringContaining("No matching distribution found for hearth-no-such-package") as string,
    });
    expect(readdirSync(join(folder, "cache", "images"))).toEqual([]);
  });

  test("that asks for a Python that is not there is refused by name", async () => {
    const spec = specOf({ image: { base: { kind: "debian", pythonVersion: "3.99" }, layers: [] } });
    await expect(open(wait).prepare(spec, () => undefined)).rejects.toMatchObject({
      reason: "IMAGE_NOT_SUPPORTED",
      message: expect.stringContaining("python3.99") as string,
    });
    expect(existsSync(join(folder, "cache", "images"))).toBe(false);
  });
});

function isRunning(pid: number): boolean {
  try {
    return !readFileSync(`/proc/${pid}/stat`, "utf8").includes(") Z ");
  } catch {
    return false;
  }
}

function offline(wheels: string): readonly string[] {
  return ["--no-index", "--find-links", wheels];
}

/** A folder with a wheel of one module, as PEP 427 lays it out. */
function tinyWheel(): string {
  const wheels = join(folder, "wheels");
  mkdirSync(wheels);
  const about = "Metadata-Version: 2.1\\nName: hearth-test-wheel\\nVersion: 1.0\\n";
  const wheel = "Wheel-Version: 1.0\\nGenerator: hand\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n";
  const info = "hearth_test_wheel-1.0.dist-info";
  const script = `
import zipfile
with zipfile.ZipFile("${wheels}/hearth_test_wheel-1.0-py3-none-any.whl", "w") as archive:
    archive.writestr("tiny.py", "answer = 42\\n")
    archive.writestr("${info}/METADATA", "${about}")
    archive.writestr("${info}/WHEEL", "${wheel}")
    archive.writestr("${info}/RECORD", "tiny.py,,\\n${info}/METADATA,,\\n${info}/WHEEL,,\\n${info}/RECORD,,\\n")
`;
  execFileSync("python3", ["-c", script]);
  return wheels;
}
