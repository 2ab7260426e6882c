import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { newId } from "@hearth/ids";
import { payloadsOfRouters, type PayloadClient } from "@hearth/sdk/payloads";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { readMarks } from "./account/read-marks.ts";
import { ask, routerAt } from "./client/ask.ts";
import { readHistory } from "./client/read-history.ts";
import { findWrong, type Work } from "./plan/work.ts";
import type { Part } from "./system/part.ts";
import { findReplicas } from "./system/replicas.ts";
import { startSystem, type System } from "./system/system.ts";

const boundMs = 60_000;
const until = <T>(check: () => T): Promise<T> => vi.waitFor(check, { timeout: boundMs, interval: 10 });

let folder: string;
let marks: string;
let system: System;
let clients: readonly ReturnType<typeof routerAt>[];
let payloads: PayloadClient;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "hearth-instants-"));
  // PostgreSQL may run as another user, who has to pass through.
  chmodSync(folder, 0o711);
  marks = join(folder, "marks.jsonl");
  system = await startSystem({ folder, routers: 2, say: () => undefined });
  clients = system.routerAddresses.map(routerAt);
  payloads = payloadsOfRouters(system.routerAddresses, boundMs);
});
afterAll(async () => {
  for (const client of clients) client.close();
  await system[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

function part(name: string): Part {
  const found = system.parts.find(({ spec }) => spec.name === name);
  if (found === undefined) throw new Error(`There is no ${name}.`);
  return found;
}

/** Runs an execution by way of the first router. */
function run(name: string): { readonly work: Work; readonly answer: ReturnType<typeof ask> } {
  const work: Work = {
    ...{ name, environment: "chaos-py-10", sleepMs: 700, argumentLetters: 10, resultLetters: 10, calls: [] },
    ...{ fails: false, failsFirst: 0, bound: undefined },
  };
  const args = [marks, work, "p".repeat(work.argumentLetters)];
  const execution = {
    executionId: newId(Date.now()),
    ...{ environment: work.environment, task: "work" },
    arguments: { inline: new TextEncoder().encode(JSON.stringify({ args })) },
  };
  const planned = { afterMs: 0, router: 0, way: "execute" as const };
  const routers = clients.map(({ router }) => router);
  const signal = AbortSignal.timeout(boundMs);
  return { work, answer: ask({ name, number: 0, planned, routers, payloads, execution, signal }) };
}

const startsOf = (name: string) => readMarks(marks).starts.filter((mark) => mark.name === name);
const endsOf = (name: string) => readMarks(marks).ends.filter((mark) => mark.name === name);
const hasStarted = (name: string): Promise<void> => until(() => expect(startsOf(name)).not.toEqual([]));
const hasEnded = (name: string): Promise<void> => until(() => expect(endsOf(name)).not.toEqual([]));

/** The journal takes nothing: what is accepted from now on, and what ends, is in no record. */
async function holdJournal(name: string): Promise<void> {
  part("nats").signal("SIGSTOP");
  // NATS reads what was sent to it when it goes on, though its sender is killed. One batch is sent; what follows waits for that.
  const inTheWay = `before-${name}`;
  void run(inTheWay).answer;
  await hasStarted(inTheWay);
}

const letJournalGo = (): void => part("nats").signal("SIGCONT");

/** Kills where the execution is or was, and resolves when that part is there again. */
async function kill(victim: string, name: string): Promise<void> {
  if (victim !== "agent" && victim !== "runner") return part(victim).endWith("SIGKILL");
  const [{ pid } = { pid: 0 }] = startsOf(name);
  const replica = findReplicas(system.stateFolder).find(({ runnerPid }) => runnerPid === pid);
  if (replica === undefined) throw new Error(`Runner ${pid} has no replica.`);
  process.kill(victim === "agent" ? replica.agentPid : pid, "SIGKILL");
}

/** With how many attempts it makes at most. */
const cases = [
  { instant: "was accepted", victim: "router-1", attempts: 1 },
  { instant: "was accepted", victim: "nats", attempts: 1 },
  { instant: "was accepted", victim: "agent", attempts: 2 },
  { instant: "was accepted", victim: "runner", attempts: 2 },
  { instant: "has ended", victim: "router-1", attempts: 1 },
  { instant: "has ended", victim: "nats", attempts: 1 },
  { instant: "has ended", victim: "agent", attempts: 2 },
  { instant: "has ended", victim: "runner", attempts: 1 },
  { instant: "was told", victim: "router-1", attempts: 1 },
  { instant: "was told", victim: "nats", attempts: 1 },
  { instant: "was told", victim: "agent", attempts: 1 },
  { instant: "was told", victim: "runner", attempts: 1 },
];

describe("before the journal has heard that an execution", () => {
  test.each(cases)(
    "$instant, $victim is killed: it reaches one outcome, which the history tells too",
    async ({ instant, victim, attempts }) => {
      const name = `${instant.replace(" ", "-")}-${victim}`;
      await run(`warm-${name}`).answer;
      if (instant !== "has ended") await holdJournal(name);
      const { work, answer } = run(name);
      await hasStarted(name);
      if (instant === "has ended") {
        await holdJournal(name);
        await hasEnded(name);
      }
      if (instant === "was told") await answer;
      const killed = kill(victim, name);
      letJournalGo();
      await killed;
      const { executionId, endings } = await answer;
      const maySayCrash = victim === "runner" && instant === "was accepted";
      expect(endings.map((ending) => findWrong(work, ending, () => maySayCrash))).toEqual([undefined]);
      expect(startsOf(name).length).toBeLessThanOrEqual(attempts);
      const history = await readHistory(system.controlPlaneAddresses, payloads, [executionId], boundMs);
      expect(history.map(({ ending }) => ending)).toEqual(endings);
    },
    2 * boundMs,
  );
});
