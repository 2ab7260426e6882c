import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { isSameAlive } from "@hearth/process-identity";
import type { ServiceSpec } from "../src/dev/services.ts";
import { claimStateFolder, readIdentity } from "../src/dev/state-folder.ts";
import { SupervisedService } from "../src/dev/supervised-service.ts";
import { temporaryFolder } from "./support/temporary-folder.ts";

interface Supervised {
  readonly service: SupervisedService;
  readonly said: string[];
  readonly stateDir: string;
  /** The process that runs now. */
  readonly pid: () => number | undefined;
}

/** A service whose process runs the program, and is ready when it prints "ready". */
function supervise(program: string, graceMs = 5_000): Supervised {
  const stateDir = temporaryFolder();
  claimStateFolder(stateDir);
  const said: string[] = [];
  const spec: ServiceSpec = {
    name: "part",
    command: process.execPath,
    args: ["--eval", program],
    variables: {},
    isReady: (line) => line === "ready",
    graceMs,
  };
  const service = new SupervisedService({ spec, stateDir, say: (text) => void said.push(text), echo: false });
  onTestFinished(() => service.kill());
  return { service, said, stateDir, pid: () => readIdentity(join(stateDir, "processes", "part.json"))?.pid };
}

const lasting = `console.log("ready"); setInterval(() => {}, 1000);`;
const boundMs = 15_000;

test("starting waits until the process says that it is ready", async () => {
  const { service, stateDir } = supervise(`setTimeout(() => console.log("ready"), 50); setInterval(() => {}, 1000);`);
  await service.start();
  const log = join(stateDir, "logs", "part.log");
  await expect.poll(() => readFileSync(log, "utf8"), { timeout: boundMs }).toBe("ready\n");
});

test("a first process that ends before it is ready is a failure that shows its last lines", async () => {
  const { service } = supervise(`console.error("port 1 is in use"); process.exit(3);`);
  await expect(service.start()).rejects.toThrow(/exit code 3[^]*port 1 is in use/);
});

test("a process that dies is started again, and both are said", async () => {
  const { service, said, pid } = supervise(lasting);
  await service.start();
  const first = pid()!;
  process.kill(first, "SIGKILL");
  await expect.poll(() => said.length, { timeout: boundMs }).toBe(2);
  expect(said[0]).toContain("part ended (SIGKILL); it starts again in 0.25 s");
  expect(said[1]).toBe("part is ready again.");
  expect(pid()).not.toBe(first);
});

test("stopping ends the process, and it is not started again", async () => {
  const { service, said, stateDir, pid } = supervise(lasting);
  await service.start();
  const identity = readIdentity(join(stateDir, "processes", "part.json"))!;
  await service.stop();
  expect(isSameAlive(identity)).toBe(false);
  expect(pid()).toBeUndefined();
  expect(said).toEqual([]);
});

test("a process that ignores the request to stop is killed after its grace period", async () => {
  const { service, said } = supervise(`process.on("SIGTERM", () => {}); ${lasting}`, 50);
  await service.start();
  await service.stop();
  expect(said).toEqual(["part did not stop within 0.05 s and is killed."]);
});

test("stopping while it waits to be started again leaves nothing running", async () => {
  const { service, said, stateDir } = supervise(`console.log("ready"); setTimeout(() => process.exit(1), 50);`);
  await service.start();
  await expect.poll(() => said.length, { timeout: boundMs }).toBeGreaterThan(0);
  await service.stop();
  expect(existsSync(join(stateDir, "processes", "part.json"))).toBe(false);
});
