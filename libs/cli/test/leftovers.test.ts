import { spawn } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { endLeftoverProcesses, endLeftoverReplicas } from "../src/dev/leftovers.ts";
import { identify, isSameAlive, type ProcessIdentity } from "@hearth/process-identity";
import { temporaryFolder } from "./support/temporary-folder.ts";

/** A process that leads a group, with a child in it that ignores requests to stop. */
async function startGroup(): Promise<{ readonly leader: ProcessIdentity; readonly child: ProcessIdentity }> {
  const childProgram = `process.on("SIGTERM", () => {}); process.stdout.write(process.pid + "\\n"); setInterval(() => {}, 1000);`;
  const program = `require("node:child_process").spawn(process.execPath, ["--eval", ${JSON.stringify(childProgram)}], { stdio: "inherit" }); setInterval(() => {}, 1000);`;
  const started = spawn(process.execPath, ["--eval", program], {
    detached: true,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const leaderPid = started.pid!;
  onTestFinished(() => {
    try {
      process.kill(-leaderPid, "SIGKILL");
    } catch {
      // Nobody is left in the group.
    }
  });
  const line = await new Promise<string>((resolve) =>
    started.stdout.once("data", (data: Buffer) => resolve(data.toString())),
  );
  return { leader: identify(leaderPid)!, child: identify(Number(line))! };
}

function stateDirWith(kind: "replicas" | "processes", name: string, content: string): string {
  const stateDir = temporaryFolder();
  mkdirSync(join(stateDir, kind));
  writeFileSync(join(stateDir, kind, `${name}.json`), content);
  return stateDir;
}

test("a replica that was left over is ended with everything in its process group, and said", async () => {
  const { leader, child } = await startGroup();
  const stateDir = stateDirWith("replicas", "r1", JSON.stringify(leader));
  const said: string[] = [];
  await endLeftoverReplicas(stateDir, (text) => void said.push(text));
  expect([isSameAlive(leader), existsSync(join(stateDir, "replicas", "r1.json"))]).toEqual([false, false]);
  await expect.poll(() => isSameAlive(child)).toBe(false);
  expect(said).toEqual(["Ending replica r1, left over from before."]);
});

test("what is left of a replica whose first process has gone is ended too", async () => {
  const { leader, child } = await startGroup();
  const stateDir = stateDirWith("replicas", "r1", JSON.stringify(leader));
  process.kill(leader.pid, "SIGKILL");
  await expect.poll(() => isSameAlive(leader)).toBe(false);
  await endLeftoverReplicas(stateDir, () => undefined);
  await expect.poll(() => isSameAlive(child)).toBe(false);
});

test("a process that only has the id of a replica that was is left alone", async () => {
  const { leader, child } = await startGroup();
  const stateDir = stateDirWith("replicas", "r1", JSON.stringify({ ...leader, birth: "another time" }));
  await endLeftoverReplicas(stateDir, () => undefined);
  expect([isSameAlive(leader), isSameAlive(child)]).toEqual([true, true]);
  expect(existsSync(join(stateDir, "replicas", "r1.json"))).toBe(false);
});

test("a file that was never written to the end is cleared away", async () => {
  const stateDir = stateDirWith("replicas", "r1", "{");
  await endLeftoverReplicas(stateDir, () => undefined);
  expect(existsSync(join(stateDir, "replicas", "r1.json"))).toBe(false);
});

test("a service that was left over is ended, and said", async () => {
  const { leader } = await startGroup();
  const stateDir = stateDirWith("processes", "router", JSON.stringify(leader));
  const said: string[] = [];
  await endLeftoverProcesses(stateDir, (text) => void said.push(text));
  expect([isSameAlive(leader), existsSync(join(stateDir, "processes", "router.json"))]).toEqual([false, false]);
  expect(said).toEqual([`Ending router (process ${leader.pid}), left over from an earlier "hearth dev".`]);
});
