import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { subjects } from "@hearth/bus";
import { DemandReportSchema } from "@hearth/proto";
import {
  noLimits,
  retention,
  RouterMachine,
  untouched,
  type Execution,
  type Replica,
  type RouterEffect,
} from "@hearth/router/core";
import type { Bench, Effort, Part, PartResult } from "../part.ts";
import { toRow, units } from "../row.ts";
import { ratios } from "../statistics.ts";
import { startSystem, type System } from "../system.ts";

/** What a router's decisions cost with few and with many replicas, and what a waiting execution costs it. */
export const placement: Part = { name: "placement", about: "decisions with 10,000 replicas; memory of a backlog", run };

async function run({ effort, say }: Bench): Promise<PartResult> {
  const many = Math.max(20, Math.round(10_000 / effort.smaller));
  const costs = { few: [] as number[], fewAndWide: [] as number[], many: [] as number[] };
  // With many replicas many executions run, whose data the processor has to fetch; the wide ones have as many.
  const machines = {
    few: new BusyMachine(10, slotsPerReplica),
    fewAndWide: new BusyMachine(10, (many * slotsPerReplica) / 10),
    many: new BusyMachine(many, slotsPerReplica),
  };
  const decisions = Math.round(200_000 / effort.smaller);
  for (let round = 0; round <= effort.rounds; round++) {
    say(`placement, round ${round} of ${effort.rounds}`);
    for (const name of ["few", "fewAndWide", "many"] as const) {
      const cost = machines[name].measure(decisions);
      // The first round warms up.
      if (round > 0) costs[name].push(cost);
    }
  }
  const backlog = await measureBacklog(effort, say);
  const rows = [
    toRow("placement with 10 replicas, per decision", costs.few, units.microseconds),
    toRow(`placement with ${many.toLocaleString("en-GB")} replicas, per decision`, costs.many, units.microseconds),
    toRow("placement, the one to the other", ratios(costs.many, costs.few), units.times, { atMost: 1.5 }),
    toRow("the same with as many executions running", ratios(costs.many, costs.fewAndWide), units.times),
    toRow("an execution in the backlog of a router", backlog, units.bytes, { atMost: 1_024 }),
  ];
  return { rows, figures: { microseconds: costs, backlogBytes: backlog } };
}

const slotsPerReplica = 4;

/**
 * A router's machine as it is in service: half of all slots busy, and as many kept that have ended as it keeps. A decision: one
 * execution ends, its agent says so, another is placed.
 */
class BusyMachine {
  readonly #machine = new RouterMachine(retention);
  readonly #running: Running[] = [];
  /** By replica. */
  readonly #counts = new Map<string, Counts>();
  #oldest = 0;
  #executions = 0;
  readonly #slots: number;

  constructor(replicas: number, slots: number) {
    this.#slots = slots;
    const facts = { version: "1", maxReplicas: replicas, isolateOutOfMemory: false, freshReplicaPolicy: undefined };
    this.#machine.step({ kind: "environmentChanged", name: "e", environment: facts }, 0);
    for (let index = 0; index < replicas; index++) {
      const replicaId = `replica-${index}`;
      const announcement = {
        replicaId,
        pool: "e",
        environment: "e",
        version: "1",
        address: "a",
        state: "ready",
      } as const;
      this.#machine.step({ kind: "announced", announcement }, 0);
      const report = { total: slots, free: slots, seen: 0 };
      this.#machine.step({ kind: "attached", replicaId, live: [], adopted: [], slots: report }, 0);
    }
    for (let count = 0; count < (replicas * slots) / 2; count++) this.#admit();
  }

  /** Microseconds for each of so many decisions. */
  measure(decisions: number): number {
    const from = performance.now();
    for (let count = 0; count < decisions; count++) {
      this.#endOldest();
      this.#admit();
    }
    return ((performance.now() - from) * 1_000) / decisions;
  }

  #admit(): void {
    const effects = this.#machine.step(
      { kind: "admitted", execution: newExecution(++this.#executions), policyOverride: undefined },
      1,
    );
    for (const effect of effects) this.#note(effect);
  }

  #note(effect: RouterEffect): void {
    if (effect.kind === "ended") {
      const { execution } = effect;
      this.#machine.step({ kind: "kept", execution, as: execution }, 1);
    }
    if (effect.kind !== "dispatch") return;
    const { replica, execution, attempt } = effect;
    const counts = this.#counts.get(replica.id) ?? { replica, busy: 0, seen: 0 };
    if (counts.seen === 0) this.#counts.set(replica.id, counts);
    counts.busy += 1;
    counts.seen += 1;
    this.#running.push({ executionId: execution.id, attempt: attempt.number, counts });
  }

  #endOldest(): void {
    const key = this.#running[this.#oldest];
    if (key === undefined) return;
    // The list is cut now and then: taking its head off every time would be what is measured.
    if (++this.#oldest === 100_000) {
      this.#running.splice(0, this.#oldest);
      this.#oldest = 0;
    }
    const { counts } = key;
    counts.busy -= 1;
    const end = { outcome: "succeeded", reason: "", message: "", resultBytes: 4, neighbours: 0 } as const;
    for (const effect of this.#machine.step({ kind: "attemptEnded", key, end }, 1)) this.#note(effect);
    const slots = { total: this.#slots, free: this.#slots - counts.busy, seen: counts.seen };
    this.#machine.step({ kind: "slots", replica: counts.replica, slots }, 1);
    // Every second of a router that is busy.
    if (this.#executions % 40_000 === 0) this.#machine.step({ kind: "tick" }, 1);
  }
}

interface Counts {
  readonly replica: Replica;
  busy: number;
  seen: number;
}

interface Running {
  readonly executionId: string;
  readonly attempt: number;
  readonly counts: Counts;
}

function newExecution(number: number): Execution {
  const id = `execution-${number}`;
  return {
    ...{ id, runId: id, parentId: "", environment: "e", task: "t", pool: "e", affinityKey: "", priority: 0 },
    ...{ idempotencyKey: "", acceptedAt: 1, argumentBytes: 0, request: undefined, attempts: [] },
    ...untouched,
    limits: noLimits,
    state: { kind: "queued", since: 1, waitReason: "" },
  };
}

/** Bytes that a real router holds for each execution that waits, with arguments of 100 bytes. */
async function measureBacklog(effort: Effort, say: (text: string) => void): Promise<number[]> {
  const script = join(import.meta.dirname, "..", "processes", "router-from-source.ts");
  const nodeArguments = ["--expose-gc"];
  const count = Math.round(100_000 / effort.smaller);
  const values: number[] = [];
  for (let round = 1; round <= Math.min(3, effort.rounds); round++) {
    say(`backlog, round ${round}`);
    await using system = await startSystem({ router: { script, nodeArguments } });
    await system.deploy("node", "noop");
    await system.stopControlPlane();
    const { client, process } = system.router;
    const held = async (): Promise<number> => ((await process.ask({})) as { readonly heldBytes: number }).heldBytes;
    const reached = backlogReaches(system, "bench-crowded", count);
    const before = await held();
    const send = client.sender("bench-crowded", "wait", ["x".repeat(89)]);
    for (let sent = 0; sent < count; sent++) {
      send(() => undefined);
      // In portions, as callers would: one frame of all would be the transport's memory, not the backlog's.
      if (sent % 1_000 === 0) await delay(1);
    }
    await reached;
    // What is on its way to the journal is not the backlog's.
    await delay(2_000);
    values.push(((await held()) - before) / count);
  }
  return values;
}

/** Resolves when a router reports so many that wait. */
function backlogReaches(system: System, pool: string, count: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const bound = setTimeout(() => reject(new Error(`The backlog was not ${count} within 60 s.`)), 60_000);
    system.bus.subscribe(
      subjects.allDemand,
      DemandReportSchema,
      ({ pools }) => {
        if (!pools.some((each) => each.pool === pool && each.backlog >= count)) return;
        clearTimeout(bound);
        resolve();
      },
      reject,
    );
  });
}
