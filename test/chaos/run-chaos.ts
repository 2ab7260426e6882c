import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { newId } from "@hearth/ids";
import { payloadsOfRouters, toPayload, type PayloadClient } from "@hearth/sdk/payloads";
import { account, type Account } from "./account/account.ts";
import type { Answer, Fault } from "./account/facts.ts";
import { readMarks } from "./account/read-marks.ts";
import { ask, routerAt, type Execution, type Router } from "./client/ask.ts";
import { readHistory } from "./client/read-history.ts";
import { planFaults, type FaultKind } from "./plan/plan-faults.ts";
import { planWork, type Assignment } from "./plan/plan-work.ts";
import { injectFault } from "./system/inject-fault.ts";
import { startSystem, type System } from "./system/system.ts";

export interface ChaosOptions {
  readonly seed: number;
  readonly minutes: number;
  readonly kinds: readonly FaultKind[];
  readonly harsh: boolean;
  readonly routers: number;
  /** Root executions a second, on average. */
  readonly rate: number;
  readonly say: (text: string) => void;
  /** Ends it early; everything is cleaned up. */
  readonly signal: AbortSignal;
}

/** Within so long after the last fault everything has an outcome, and the history has it. */
export const quietMs = 60_000;

/** One run of the suite. `folder` has the logs of all processes when something was found. */
export async function runChaos(options: ChaosOptions): Promise<Account & { readonly folder: string }> {
  const folder = mkdtempSync(join(tmpdir(), "hearth-chaos-"));
  // PostgreSQL may run as another user, who has to pass through.
  chmodSync(folder, 0o711);
  const { say } = options;
  let isFine = false;
  try {
    say(`seed ${options.seed}: starting in ${folder}`);
    await using system = await startSystem({ folder, routers: options.routers, say });
    const found = await underLoad(system, folder, options);
    isFine = found.ok || options.signal.aborted;
    writeFileSync(join(folder, "account.json"), JSON.stringify(found, null, 2));
    return { ...found, folder };
  } finally {
    if (isFine) rmSync(folder, { recursive: true, force: true });
  }
}

async function underLoad(system: System, folder: string, options: ChaosOptions): Promise<Account> {
  const { seed, say, signal } = options;
  const loadMs = options.minutes * 60_000;
  const marks = join(folder, "marks.jsonl");
  const assignments = planWork({ seed, loadMs, routers: options.routers, rate: options.rate });
  const clients = system.routerAddresses.map(routerAt);
  const routers = clients.map(({ router }) => router);
  const payloads = payloadsOfRouters(system.routerAddresses, quietMs);
  const givingUp = new AbortController();
  signal.addEventListener("abort", () => givingUp.abort());
  const beginMs = Date.now();
  const answers: Answer[] = [];
  const asking = Promise.all(
    assignments.map((assignment) => askAll({ assignment, marks, routers, payloads, signal: givingUp.signal, answers })),
  );
  const faults = await injectAll(system, options, beginMs + loadMs, () => `${answers.length} asks answered`);
  say(`quiet: everything has ${quietMs / 1_000} s to finish`);
  const bound = setTimeout(() => givingUp.abort(), quietMs);
  await asking;
  clearTimeout(bound);
  const { starts, ends } = readMarks(marks);
  const runs = new Set(answers.map(({ executionId }) => executionId).filter((id) => id !== ""));
  const history = signal.aborted ? [] : await readHistory(system.controlPlaneAddresses, payloads, [...runs], quietMs);
  for (const client of clients) client.close();
  writeFileSync(join(folder, "faults.json"), JSON.stringify(faults, null, 2));
  return account({ assignments, answers, starts, ends, faults, history });
}

async function askAll(options: {
  readonly assignment: Assignment;
  readonly marks: string;
  readonly routers: readonly Router[];
  readonly payloads: PayloadClient;
  readonly signal: AbortSignal;
  readonly answers: Answer[];
}): Promise<void> {
  const { assignment, marks, routers, payloads, signal, answers } = options;
  const { atMs, work, named, asks } = assignment;
  await delay(atMs, undefined, { signal }).catch(() => undefined);
  if (signal.aborted) return;
  const args = [marks, work, "p".repeat(work.argumentLetters)];
  const name = named === "id" ? { executionId: newId(Date.now()) } : { idempotencyKey: `${marks}/${work.name}` };
  const execution: Execution = {
    ...name,
    environment: work.environment,
    task: "work",
    arguments: await toPayload(payloads, new TextEncoder().encode(JSON.stringify({ args }))),
    ...(work.failsFirst > 0 && { retryPolicy: { retries: work.failsFirst, retryOn: ["TASK_FAILED"] } }),
    ...(work.bound?.by === "attempt" && { attemptTimeoutMs: work.bound.ms }),
    ...(work.bound?.by === "deadline" && { deadlineUnixMs: Date.now() + work.bound.ms }),
  };
  await Promise.all(
    asks.map(async (planned, number) => {
      await delay(planned.afterMs, undefined, { signal }).catch(() => undefined);
      answers.push(await ask({ name: work.name, number, planned, routers, payloads, execution, signal }));
    }),
  );
}

async function injectAll(
  system: System,
  { seed, kinds, harsh, say, signal }: ChaosOptions,
  untilMs: number,
  progress: () => string,
): Promise<Fault[]> {
  const faults: Fault[] = [];
  const going: Promise<void>[] = [];
  for (const planned of planFaults({ seed, kinds, harsh })) {
    const leftMs = untilMs - Date.now();
    await delay(Math.max(0, Math.min(planned.gapMs, leftMs)), undefined, { signal }).catch(() => undefined);
    if (planned.gapMs >= leftMs || signal.aborted) break;
    const happening = injectFault(system, planned).then((fault) => {
      if (fault === undefined) return;
      faults.push(fault);
      const { atMs, action, kind, target, overMs } = fault;
      say(
        `${new Date(atMs).toISOString()} ${action} ${kind} ${target}, there again after ${overMs - atMs} ms; ${progress()}`,
      );
    });
    if (harsh) going.push(happening);
    else await happening;
  }
  await Promise.all(going);
  return faults.toSorted((a, b) => a.atMs - b.atMs);
}
