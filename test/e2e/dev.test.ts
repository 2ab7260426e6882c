import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { newStateDir, servicePid, startDev, type Dev } from "./support/dev.ts";
import { execute } from "./support/execute.ts";
import { deploy, programFile } from "./support/programs.ts";
import { isAlive, processesMentioning } from "./support/processes.ts";
import { startHearth } from "./support/run-hearth.ts";

async function devForThisTest(options: Parameters<typeof startDev>[0] = {}): Promise<Dev> {
  const dev = await startDev(options);
  onTestFinished(() => dev[Symbol.asyncDispose]());
  return dev;
}

test("config.json names the addresses while it runs, and is gone after it", async () => {
  const dev = await devForThisTest();
  const file = join(dev.stateDir, "config.json");
  expect(dev.addresses).toMatchObject(JSON.parse(readFileSync(file, "utf8")) as object);
  await dev.stop();
  expect(existsSync(file)).toBe(false);
});

test("the same folder is not used twice, and the refusal says by whom it is", async () => {
  const dev = await devForThisTest();
  const second = await startHearth(["dev", "--state-dir", dev.stateDir, "--port", "0"]).finished;
  expect(second).toMatchObject({ code: 1, stdout: "" });
  expect(second.stderr).toContain(`ALREADY_RUNNING: Process ${dev.process.child.pid!} already runs`);
});

test.each(["SIGTERM", "SIGINT"] as const)("%s stops it in order and leaves no process behind", async (signal) => {
  const dev = await devForThisTest();
  const { code } = await dev.stop(signal);
  expect(code).toBe(0);
  expect(processesMentioning(dev.stateDir)).toEqual([]);
});

test("it stops in order when nobody reads its output any more, as when its terminal was closed", async () => {
  const dev = await devForThisTest();
  dev.process.child.stdout!.destroy();
  dev.process.child.stderr!.destroy();
  expect((await dev.stop("SIGHUP")).code).toBe(0);
  expect(processesMentioning(dev.stateDir)).toEqual([]);
});

test.each(["nats", "controlplane", "router"])("%s is started again when it dies, and work goes on", async (service) => {
  const dev = await devForThisTest();
  const before = servicePid(dev, service);
  process.kill(before, "SIGKILL");
  await expect.poll(() => dev.process.soFar.stderr, { timeout: 30_000 }).toContain(`${service} is ready again.`);
  expect(dev.process.soFar.stderr).toContain(`${service} ended (SIGKILL); it starts again in 0.25 s.`);
  expect(servicePid(dev, service)).not.toBe(before);
  expect(await dev.json("env", "list")).toEqual([]);
});

test("what a killed one left behind is ended by the next one on the folder", async () => {
  const stateDir = newStateDir();
  const first = await startDev({ stateDir });
  const router = servicePid(first, "router");
  await first.stop("SIGKILL");
  expect(processesMentioning(stateDir).map(({ pid }) => pid)).toContain(router);
  const second = await devForThisTest({ stateDir });
  expect(second.process.soFar.stderr).toContain(`Ending router (process ${router})`);
  expect(servicePid(second, "router")).not.toBe(router);
});

interface Answer {
  readonly pid: number;
  readonly calls: number;
}

async function devWithReplica(
  options: Parameters<typeof startDev>[0] = {},
): Promise<Dev & { readonly answer: Answer }> {
  const dev = await devForThisTest(options);
  await deploy(dev, programFile("probe.ts"));
  return { ...dev, answer: (await execute(dev, "probe-ts", "whoami")).result as Answer };
}

test("stopping ends the replicas too, though they are warm", async () => {
  const dev = await devWithReplica();
  expect(isAlive(dev.answer.pid)).toBe(true);
  await dev.stop();
  expect(processesMentioning(dev.stateDir)).toEqual([]);
  expect(isAlive(dev.answer.pid)).toBe(false);
});

test("started again on the folder it has its environments, and wakes them on the first execution", async () => {
  const stateDir = newStateDir();
  const first = await startDev({ stateDir });
  await deploy(first, programFile("probe.ts"));
  await first.stop();
  const second = await devForThisTest({ stateDir });
  expect(await second.json("env", "list")).toMatchObject([{ name: "narrow-ts" }, { name: "probe-ts" }]);
  expect(await execute(second, "probe-ts", "whoami")).toMatchObject({ outcome: "succeeded", result: { calls: 1 } });
});

test("replicas serve on while the control plane is away, and it finds them again", async () => {
  const dev = await devWithReplica();
  process.kill(servicePid(dev, "controlplane"), "SIGKILL");
  expect((await execute(dev, "probe-ts", "whoami")).result).toMatchObject({ pid: dev.answer.pid });
  await expect.poll(() => dev.process.soFar.stderr, { timeout: 30_000 }).toContain("controlplane is ready again.");
  expect((await execute(dev, "probe-ts", "whoami")).result).toMatchObject({ pid: dev.answer.pid });
});

test("replicas that a killed one left behind are ended by the next one on the folder", async () => {
  const stateDir = newStateDir();
  const first = await startDev({ stateDir });
  await deploy(first, programFile("probe.ts"));
  const { pid } = (await execute(first, "probe-ts", "whoami")).result as Answer;
  // The control plane first, or it would end them by itself.
  process.kill(servicePid(first, "controlplane"), "SIGSTOP");
  await first.stop("SIGKILL");
  expect(isAlive(pid)).toBe(true);
  await devForThisTest({ stateDir });
  await expect.poll(() => isAlive(pid), { timeout: 20_000 }).toBe(false);
});
