import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { startPeer } from "./src/peers/peer.ts";
import { ProcessFamily } from "./src/processes/process-family.ts";

let folder: string;
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), "hearth-bench-test-"))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** How many lines the loop of that name has written, which goes on until it is ended. */
const lines = (name: string): number => {
  try {
    return readFileSync(join(folder, name)).length;
  } catch {
    return 0;
  }
};
const goesOn = (name: string): Promise<void> => {
  const before = lines(name);
  return vi.waitFor(() => expect(lines(name), name).toBeGreaterThan(before), { timeout: 5_000, interval: 10 });
};
const standsStill = async (name: string): Promise<void> => {
  const before = lines(name);
  // That nothing happens has no sign to wait for.
  await delay(100);
  expect(lines(name), name).toBe(before);
};
const loop = (name: string): string => `while :; do echo >> ${join(folder, name)}; sleep 0.01; done`;

/** One with a group of its own, one that lost its variables, and one with a group of its own whose parent has gone. */
const script = (): string => `
  setsid sh -c '${loop("own-group")}' &
  env -i /bin/sh -c '${loop("no-variables")}' &
  sh -c 'setsid sh -c "${loop("orphan")}" & exit 0'
  ${loop("leader")}`;
const all = ["leader", "own-group", "no-variables", "orphan"];

test("a family stands still, wherever its processes went, goes on, and ends though it stands still", async () => {
  const mark = `HEARTH_BENCH_TEST=${randomUUID()}`;
  const [name = "", value] = mark.split("=");
  const family = new ProcessFamily(mark);
  const leader = spawn("sh", ["-c", script()], { env: { ...process.env, [name]: value }, stdio: "ignore" });
  const gone = once(leader, "exit");
  try {
    await Promise.all(all.map(goesOn));
    await family.pause();
    await Promise.all(all.map(standsStill));
    family.resume();
    await Promise.all(all.map(goesOn));
    await family.pause();
  } finally {
    family.end();
  }
  await gone;
  await Promise.all(all.map(standsStill));
});

test("who was seen once stays in the family when nothing tells any more that it came from there", async () => {
  const root = spawn("sh", ["-c", `env -i /bin/sh -c '${loop("child")}' & ${loop("root")}`], { stdio: "ignore" });
  const family = new ProcessFamily("HEARTH_BENCH_TEST=nobody", [root.pid ?? 0]);
  try {
    await Promise.all(["root", "child"].map(goesOn));
    await family.pause();
    root.kill("SIGKILL");
    await once(root, "exit");
    family.resume();
    await goesOn("child");
  } finally {
    family.end();
  }
  await standsStill("child");
});

/** A driver that counts in a process of its own and answers every measurement, or, as it is told, none. */
const driver = (answers: boolean): string[] => [
  process.execPath,
  "-e",
  `require("child_process").spawn("sh", ["-c", ${JSON.stringify(loop("worker"))}], { stdio: "inherit" });
   const say = (line) => console.log(JSON.stringify(line));
   say({ version: "1" });
   require("readline").createInterface({ input: process.stdin }).on("line", () => {
     if (${answers}) say({ latenciesMs: [1, 2, 3], perSecond: 4 });
     else process.exit(1);
   });`,
];

test("a peer stands still except while it is measured, and leaves nothing", async () => {
  const peer = await startPeer(definition(true));
  try {
    expect(lines("worker")).toBeGreaterThan(0);
    await standsStill("worker");
    const before = lines("worker");
    await expect(peer.measure(1, { warmUpMs: 1, measureMs: 1 })).resolves.toMatchObject({ p50Ms: 2, perSecond: 4 });
    expect(lines("worker")).toBeGreaterThan(before);
    await standsStill("worker");
  } finally {
    await peer.stop();
  }
  await standsStill("worker");
});

test("a peer that gives no answer says so, and leaves nothing", async () => {
  const peer = await startPeer(definition(false));
  await expect(peer.measure(1, { warmUpMs: 1, measureMs: 1 })).rejects.toThrow(/ended/);
  await standsStill("worker");
  await peer.stop();
});

function definition(answers: boolean): Parameters<typeof startPeer>[0] {
  const install = () => Promise.resolve({ command: driver(answers) });
  return { name: "a peer", settings: "", durability: "", install };
}
