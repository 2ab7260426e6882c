import { startDocker, type DockerEngine } from "@hearth/test-engines";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { newStateDir, startDev, type Dev } from "./support/dev.ts";
import { execute } from "./support/execute.ts";
import { processesMentioning } from "./support/processes.ts";
import { deploy, programFile } from "./support/programs.ts";

const programs = [
  { language: "python", environment: "limited-py", file: programFile("limited.py"), runtime: /^\/usr\/bin\/python3/ },
  { language: "typescript", environment: "limited-ts", file: programFile("limited.ts"), runtime: /^v24\./ },
] as const;

interface Answer {
  readonly root: readonly string[];
  readonly runtime: string;
  readonly calls: number;
}

let engine: DockerEngine;
let dev: Dev;
beforeAll(async () => {
  engine = await startDocker();
  dev = await startDev({
    stateDir: newStateDir(),
    variables: {
      HEARTH_PROVIDER: "docker",
      HEARTH_DOCKER_HOST: engine.host,
      HEARTH_DOCKER_PYTHON_IMAGE: engine.pythonImage,
      HEARTH_DOCKER_NODE_IMAGE: engine.pythonImage,
      HEARTH_START_TIMEOUT_MS: "15000",
    },
  });
  for (const { file } of programs) await deploy(dev, file);
});
afterAll(async () => {
  await dev[Symbol.asyncDispose]();
  await engine.stop();
});

/** The ids of this installation's containers, with more filters such as "label=a=b". */
function containers(...filters: readonly string[]): readonly string[] {
  const ours = `label=hearth.installation=${installation()}`;
  const args = [ours, ...filters].flatMap((filter) => ["--filter", filter]);
  const ids = engine.docker("ps", "--quiet", "--all", "--no-trunc", ...args).split("\n");
  return ids.filter((id) => id !== "");
}

function installation(): string {
  return readFileSync(join(dev.stateDir, "installation"), "utf8").trim();
}

/** What the engine knows of an environment's only container. */
function inspect(environment: string): unknown {
  const ids = containers(`label=hearth.environment=${environment}`);
  expect(ids).toHaveLength(1);
  return (JSON.parse(engine.docker("inspect", ...ids)) as readonly unknown[])[0];
}

async function whoami(environment: string): Promise<Answer> {
  return (await execute(dev, environment, "whoami")).result as Answer;
}

describe.each(programs)("$language", ({ environment, runtime }) => {
  test("a program runs warm in a container of a plain image, with the agent beside it", async () => {
    const first = await whoami(environment);
    expect(first).toMatchObject({ root: ["hearth"], runtime: expect.stringMatching(runtime) as string });
    expect(await whoami(environment)).toEqual({ ...first, calls: first.calls + 1 });
  });

  test("the container has the limits that the program declares", () => {
    expect(inspect(environment)).toMatchObject({
      HostConfig: { Memory: 192 * 2 ** 20, MemorySwap: 192 * 2 ** 20, NanoCpus: 500_000_000 },
    });
  });

  test("a task that holds more than its memory ends, its replica does not, and the next one runs", async () => {
    const [container] = containers(`label=hearth.environment=${environment}`);
    expect(await execute(dev, environment, "hold", [16])).toMatchObject({ outcome: "succeeded" });
    const { outcome, failure } = await execute(dev, environment, "hold", [512]);
    expect({ outcome, reason: failure?.reason, message: failure?.message }).toEqual({
      outcome: "lost",
      reason: "OUT_OF_MEMORY",
      message: expect.stringContaining("its container reached its memory limit") as string,
    });
    expect(await whoami(environment)).toMatchObject({ calls: 1 });
    expect(containers(`label=hearth.environment=${environment}`)).toEqual([container]);
  });
});

test("a killed control plane's containers are taken over by the next one, and those that nobody knows are ended", async () => {
  const before = await Promise.all(programs.map(({ environment }) => whoami(environment)));
  const own = containers();
  const labels = [`hearth.installation=${installation()}`, "hearth.replica=nobodys"];
  const args = ["--detach", "--init", "--network", "none", ...labels.flatMap((label) => ["--label", label])];
  const nobodys = engine.docker("run", ...args, engine.pythonImage, "sleep", "600").trim();
  killControlPlane();
  await expect.poll(() => containers(), { timeout: 40_000 }).not.toContain(nobodys);
  expect(containers()).toEqual(own);
  const after = await Promise.all(programs.map(({ environment }) => whoami(environment)));
  expect(after.map(({ calls }) => calls)).toEqual(before.map(({ calls }) => calls + 1));
});

test("stopping takes every container with it", async () => {
  expect(containers()).toHaveLength(programs.length);
  await dev.stop();
  expect(containers()).toEqual([]);
});

/** Ends it without a word; `hearth dev` starts the next one. */
function killControlPlane(): void {
  const [controlPlane] = processesMentioning(dev.stateDir).filter(({ command }) =>
    command.includes("controlplane.mjs"),
  );
  process.kill(controlPlane!.pid, "SIGKILL");
}
