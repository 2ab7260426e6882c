import { setTimeout as delay } from "node:timers/promises";
import { current, reference, ReusePolicy, TaskEnvironment } from "@hearth/sdk";

const probe = new TaskEnvironment({
  name: "probe-ts",
  reusable: new ReusePolicy({ replicas: 1, concurrency: 2, idleTtl: 300 }),
});

let calls = 0;

/** Which process answers, and how often it was asked before. */
export const whoami = probe.task("whoami", () => ({ pid: process.pid, calls: ++calls }));

export const echo = probe.task("echo", (value: unknown) => value);

export const fail = probe.task("fail", (text: string) => {
  throw new RangeError(text);
});

export const say = probe.task("say", async (text: string) => {
  console.log(`${text} one`);
  await delay(20);
  console.error(`${text} two`);
});

/** Goes on until it is asked to end. */
export const hang = probe.task("hang", () => delay(600_000, undefined, { signal: current()!.signal }));

/** Goes on though it is asked to end. */
export const stubborn = probe.task("stubborn", () => delay(600_000));

/** Lets nothing else run in its process. */
export const spin = probe.task("spin", (ms: number) => {
  const until = Date.now() + ms;
  while (Date.now() < until);
  return process.pid;
});

export const unsendable = probe.task("unsendable", () => ({ rows: [{ handle: () => 1 }] }));

/** Calls any task by its names. */
export const ask = probe.task("ask", async (environment: string, task: string, value: unknown) => ({
  asked: await reference<(value: unknown) => unknown>(environment, task)(value),
  by: "typescript",
}));

const narrow = new TaskEnvironment({ name: "narrow-ts", reusable: new ReusePolicy({ replicas: 1, concurrency: 1 }) });

/** How deep it went. Every level waits for the next one, with one slot for all. */
export const descend = narrow.task("descend", async (levels: number): Promise<number> => {
  return levels === 0 ? 0 : 1 + (await descend(levels - 1));
});
