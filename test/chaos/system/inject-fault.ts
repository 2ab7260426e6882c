import { setTimeout as delay } from "node:timers/promises";
import type { Fault } from "../account/facts.ts";
import type { PlannedFault } from "../plan/plan-faults.ts";
import { findReplicas } from "./replicas.ts";
import type { System } from "./system.ts";

/** Does it, and resolves once the part is there again; undefined when there is no such part right now. */
export async function injectFault(system: System, planned: PlannedFault): Promise<Fault | undefined> {
  const { kind } = planned;
  const hit = kind === "agent" || kind === "runner" ? hitReplica(system, planned, kind) : hitPart(system, planned);
  if (hit === undefined) return undefined;
  const atMs = Date.now();
  await hit.done();
  const { action, pausedMs } = planned;
  return { atMs, kind, action, target: hit.target, pids: hit.pids, pausedMs, overMs: Date.now() };
}

interface Hit {
  readonly target: string;
  readonly pids: readonly number[];
  done(): Promise<void>;
}

function hitPart({ parts }: System, { kind, action, pick, pausedMs }: PlannedFault): Hit | undefined {
  const part = pickOne(
    parts.filter(({ spec }) => spec.kind === kind),
    pick,
  );
  if (part === undefined) return undefined;
  return {
    target: part.spec.name,
    pids: [part.pid],
    async done() {
      // SIGINT asks PostgreSQL to end without waiting for its clients; the others take it for SIGTERM.
      if (action === "kill") return part.endWith("SIGKILL");
      if (action === "restart") return part.endWith(kind === "postgres" ? "SIGINT" : "SIGTERM");
      part.signal("SIGSTOP");
      await delay(pausedMs);
      part.signal("SIGCONT");
      // One that learns that it was replaced ends, and is started again.
      await delay(1_000);
      await part.ready();
    },
  };
}

function hitReplica(
  { stateFolder }: System,
  { action, pick, pausedMs }: PlannedFault,
  kind: "agent" | "runner",
): Hit | undefined {
  const replica = pickOne(
    findReplicas(stateFolder).filter(({ runnerPid }) => runnerPid !== undefined),
    pick,
  );
  if (replica === undefined) return undefined;
  const { id, agentPid, runnerPid = 0 } = replica;
  const pid = kind === "agent" ? agentPid : runnerPid;
  return {
    target: id,
    pids: kind === "agent" ? [agentPid, runnerPid] : [runnerPid],
    async done() {
      if (action !== "pause") return send(pid, "SIGKILL");
      send(pid, "SIGSTOP");
      await delay(pausedMs);
      send(pid, "SIGCONT");
    },
  };
}

function pickOne<T>(all: readonly T[], pick: number): T | undefined {
  return all[Math.floor(pick * all.length)];
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It went by itself meanwhile.
  }
}
