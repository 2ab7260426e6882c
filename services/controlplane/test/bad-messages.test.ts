import { create, toBinary } from "@bufbuild/protobuf";
import { ensureStreams, subjects } from "@hearth/bus";
import { newId } from "@hearth/ids";
import {
  DemandReportSchema,
  ExecutionPhase,
  JournalBatchSchema,
  LogBatchSchema,
  Outcome,
  ReplicaState,
  SlotAnnouncementSchema,
} from "@hearth/proto";
import { startPostgres } from "@hearth/test-engines";
import { jetstream } from "@nats-io/jetstream";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventually } from "./support/eventually.ts";
import { ended, startRouterTwin, type RouterTwin } from "./support/router-twin.ts";
import { bundle, bundleSha256, deploy, startSystem, type System } from "./support/system.ts";

const times = [1e-320, NaN, Infinity, -1, 1e300, 8.64e15];
const huge = 2 ** 32 - 1;
const long = "x".repeat(100_000);

describe.each(["SQLite", "PostgreSQL"])("what nobody should say on NATS, over %s", (database) => {
  let system: System;
  let router: RouterTwin;
  let stopDatabase: () => Promise<void> = () => Promise.resolve();

  beforeAll(async () => {
    const postgres = database === "SQLite" ? undefined : await startPostgres();
    if (postgres !== undefined) stopDatabase = () => postgres.stop();
    system = await startSystem({
      HEARTH_AGENT_COMMAND: '["false"]',
      ...(postgres === undefined ? {} : { HEARTH_DATABASE_URL: postgres.url }),
    });
    await system.bundles().uploadBundle({ sha256: bundleSha256, data: bundle });
    await deploy(system, {}, { minReplicas: 0, maxReplicas: 2 });
    await ensureStreams(system.bus);
    router = await startRouterTwin(system.bus);
  });

  afterAll(async () => {
    await router.stop();
    await system.stop();
    await stopDatabase();
  });

  /** A run that is created now gets its end into the history. */
  async function expectHistoryGoesOn(): Promise<void> {
    const { run } = await system.runs().createRun({ execution: { environment: "env-1", task: "task" } });
    const name = run?.name ?? "";
    await router.journal(ended(name));
    await router.print(name, { executionId: name, attempt: 1, unixMs: 1, stream: "stdout", text: "printed" });
    await eventually("the run has ended", async () => (await system.runs().getRun({ name })).run?.endedAt);
    await eventually("the line is there", async () => {
      for await (const { lines } of system.runs().readLogs({ run: name })) return lines[0]?.text;
      return undefined;
    });
    for (const { phase } of (await system.runs().listRuns({})).runs) expect(ExecutionPhase[phase]).toBeDefined();
    expect((await fetch(system.httpUrl())).status).toBe(200);
  }

  it("journals with times, numbers and ids that are none keep no other out of the history", async () => {
    const records = times.flatMap((at) => {
      const executionId = newId(1);
      const attempt = {
        executionId,
        attempt: huge,
        outcome: Outcome.FAILED,
        startedUnixMs: at,
        endedUnixMs: at,
        runnerPid: huge,
      };
      return [executionId, "", "\0", long].flatMap((id) => [
        {
          unixMs: at,
          event: {
            case: "accepted",
            value: { execution: { executionId: id, environment: "\0", task: "\0", runId: id } },
          },
        } as const,
        {
          unixMs: at,
          event: {
            case: "dispatched",
            value: { executionId: id, attempt: huge, replicaId: "\0", waitReason: "\0", waitedMs: at },
          },
        } as const,
        {
          unixMs: at,
          event: {
            case: "dispatched",
            value: { executionId: id, attempt: 1, replicaId: "\0", waitReason: "\0", waitedMs: at },
          },
        } as const,
        { unixMs: at, event: { case: "attemptEnded", value: { ...attempt, executionId: id } } } as const,
        {
          unixMs: at,
          event: {
            case: "ended",
            value: { end: { executionId: id, outcome: Outcome.FAILED }, attempt: { ...attempt, attempt: 1 } },
          },
        } as const,
      ]);
    });
    const batch = create(JournalBatchSchema, { routerId: "nobody", records });
    await jetstream(system.bus.connection).publish(subjects.journal("nobody"), toBinary(JournalBatchSchema, batch));
    await expectHistoryGoesOn();
  });

  it("nor do lines with such", async () => {
    const line = { attempt: huge, stream: "\0", text: "\0" };
    const entries = times.flatMap((unixMs) =>
      ["", "\0", long, newId(1)].map((id) => ({ runId: id, line: { ...line, executionId: id, unixMs } })),
    );
    const batch = create(LogBatchSchema, { replicaId: "\0", entries });
    await jetstream(system.bus.connection).publish(subjects.logs, toBinary(LogBatchSchema, batch));
    await expectHistoryGoesOn();
  });

  it("announcements with such keep nobody from seeing the replicas", async () => {
    const said = { environment: "env-1", pool: "env-1", version: "v", state: ReplicaState.READY };
    for (const at of times) {
      for (const replicaId of ["\0", long, "", `ghost-${at}`]) {
        const counts = { total: huge, free: huge, busy: huge, lent: huge, agentPid: huge, runnerPid: huge };
        const numbers = { sequence: at, idleSinceUnixMs: at, executions: at, memoryBytes: at };
        const announcement = create(SlotAnnouncementSchema, {
          ...said,
          ...counts,
          ...numbers,
          replicaId,
          address: "x",
        });
        system.bus.publish(subjects.slots("env-1"), SlotAnnouncementSchema, announcement);
      }
    }
    const replicas = await eventually("the ghosts are there", async () => {
      const found = await system.environments().listReplicas({ environment: "env-1" });
      return found.replicas.length >= times.length ? found.replicas : undefined;
    });
    expect(replicas.every(({ slots }) => slots <= 10_000)).toBe(true);
    await system.bus.connection.flush();
    for await (const { pools } of system.environments().watchPool({ name: "env-1" })) {
      expect(pools[0]?.name).toBe("env-1");
      break;
    }
    expect((await fetch(system.httpUrl())).status).toBe(200);
  });

  it("no demand, however large and whatever its policy, starts more than the environment's policy allows", async () => {
    await deploy(system, { name: "bounded" }, { minReplicas: 0, maxReplicas: 2 });
    for (const routerId of ["ghost-1", "ghost-2"]) {
      const pool = { pool: "bounded", environment: "bounded", backlog: huge, oldestUnixMs: NaN };
      const policyOverride = { minReplicas: 10_000, maxReplicas: 10_000 };
      const report = {
        routerId,
        address: "",
        sequence: Infinity,
        pools: [
          { ...pool, policyOverride },
          { ...pool, policyOverride },
        ],
      };
      system.bus.publish(subjects.demand(routerId), DemandReportSchema, create(DemandReportSchema, report));
    }
    for await (const { pools } of system.environments().watchPool({ name: "bounded" })) {
      const pool = pools.find(({ name }) => name === "bounded");
      if (pool === undefined || pool.backlog === 0 || pool.desiredReplicas === 0) continue;
      expect(pool.backlog).toBe(huge);
      expect(pool.desiredReplicas).toBeLessThanOrEqual(2);
      return;
    }
  });

  it("questions with texts that no table holds are answered", async () => {
    const runs = system.runs();
    await expect(runs.getRun({ name: "\0" })).rejects.toMatchObject({ reason: "RUN_NOT_FOUND" });
    await expect(system.environments().getEnvironment({ name: "\0" })).rejects.toMatchObject({
      reason: "ENVIRONMENT_NOT_FOUND",
    });
    expect((await runs.listRuns({ environment: "\0none" })).runs).toEqual([]);
    const pageToken = Buffer.from(JSON.stringify([1, "\0"])).toString("base64url");
    expect((await runs.listRuns({ environment: "none", pageToken })).runs).toEqual([]);
  });
});
