import { startPostgres, type PostgresEngine } from "@hearth/test-engines";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Environment } from "../src/core/environment.ts";
import type { Attempt, ExecutionHistory } from "../src/core/execution-history.ts";
import { completePolicy } from "@hearth/policy";
import type { Replica } from "../src/core/replica.ts";
import type { PlacedLogLine } from "../src/io/history-store.ts";
import { openDatabase, type Database } from "../src/io/sql/open-database.ts";
import { sqlEnvironmentStore } from "../src/io/sql/sql-environment-store.ts";
import { sqlHistoryStore } from "../src/io/sql/sql-history-store.ts";
import { sqlReplicaStore } from "../src/io/sql/sql-replica-store.ts";
import { specOf } from "./support/spec.ts";

/** The one contract of the stores, for every database they run on. */
function storesContract(open: () => Promise<string>): void {
  let location: string;
  let database: Database;
  beforeAll(async () => {
    location = await open();
    database = await openDatabase(location);
  });
  afterAll(() => database.destroy());

  describe("environments", () => {
    test("what was put is read back, and the second put replaces the first", async () => {
      const store = sqlEnvironmentStore(database);
      const first = environment("replaced", "1".repeat(16), 1);
      await store.put(first);
      expect(await store.get("replaced")).toEqual(first);
      const second = environment("replaced", "2".repeat(16), 2);
      await store.put(second);
      expect(await store.get("replaced")).toEqual(second);
    });

    test("a version that was current before is still known, as it was first deployed", async () => {
      const store = sqlEnvironmentStore(database);
      await store.put(environment("twice", "1".repeat(16), 1));
      await store.put(environment("twice", "2".repeat(16), 2));
      await store.put(environment("twice", "1".repeat(16), 3));
      expect(await store.getVersion("twice", "1".repeat(16))).toMatchObject({ createdAtMs: 1 });
    });

    test("they are listed by name and not after they were deleted", async () => {
      const store = sqlEnvironmentStore(database);
      for (const name of ["list-b", "list-a"]) await store.put(environment(name, "1".repeat(16), 1));
      const names = async (): Promise<readonly string[]> =>
        (await store.list()).map(({ name }) => name).filter((name) => name.startsWith("list-"));
      expect(await names()).toEqual(["list-a", "list-b"]);
      expect(await store.delete("list-a")).toBe(true);
      expect(await store.delete("list-a")).toBe(false);
      expect(await names()).toEqual(["list-b"]);
    });
  });

  describe("replicas", () => {
    test("those that have not ended are found again, with their pool's policy", async () => {
      const store = sqlReplicaStore(database);
      const { policy } = environment("e", "v", 0);
      await store.put({ replica: replica("r-1", "ready"), policyOverride: policy });
      await store.put({ replica: replica("r-2", "ready"), policyOverride: undefined });
      await store.put({ replica: { ...replica("r-2", "ended"), endReason: "why" }, policyOverride: undefined });
      expect(await store.listLive()).toEqual([{ replica: replica("r-1", "ready"), policyOverride: policy }]);
      expect((await store.listRecent("env-1", 10)).map(({ id, endReason }) => [id, endReason])).toEqual([
        ["r-2", "why"],
        ["r-1", ""],
      ]);
    });
  });

  describe("history", () => {
    test("an execution is read back with its result, its failure and its attempts in order", async () => {
      const store = sqlHistoryStore(database);
      const failure = { reason: "TASK_FAILED", message: "with \0 in it", exceptionType: "E", traceback: "t" };
      const full: ExecutionHistory = {
        ...execution("full", "full", 1),
        outcome: "failed",
        endedMs: 9.5,
        result: new Uint8Array([0, 255]),
        failure,
        attempts: [attempt(1, { outcome: "lost", failure }), attempt(2, { cold: true, waitReason: "all slots busy" })],
      };
      await store.putExecutions([full]);
      expect(await store.getExecutions(["full", "unknown"])).toEqual([full]);
      await store.putExecutions([full]);
      expect(await store.getExecutions(["full"])).toEqual([full]);
      expect(await store.lookAtExecutions(["full", "unknown"])).toEqual([{ ...full, result: undefined }]);
    });

    test("stored payloads are read back, and it is known which of some are named", async () => {
      const store = sqlHistoryStore(database);
      const [one, two] = [
        { sha256: "1".repeat(64), sizeBytes: 5e6 },
        { sha256: "2".repeat(64), sizeBytes: 2 ** 26 },
      ];
      await store.putExecutions([{ ...execution("large", "large", 1), storedArguments: one }]);
      const ended = { ...execution("large", "large", 1), storedArguments: one, storedResult: two, endedMs: 2 };
      await store.putExecutions([ended]);
      expect(await store.getExecutions(["large"])).toEqual([ended]);
      const named = await store.namedPayloads([one.sha256, two.sha256, "3".repeat(64)]);
      expect([...named].sort()).toEqual([one.sha256, two.sha256]);
    });

    test("a run counts its executions by phase", async () => {
      const store = sqlHistoryStore(database);
      await store.putExecutions([
        execution("root", "root", 1),
        { ...execution("child-1", "root", 2), outcome: "succeeded" },
        { ...execution("child-2", "root", 3), attempts: [attempt(1, {})] },
        { ...execution("child-3", "root", 4), outcome: "lost" },
      ]);
      const run = await store.getRun("root");
      expect(run?.counts).toMatchObject({ queued: 1, running: 1, succeeded: 1, failed: 1, cancelled: 0 });
      expect(await store.getRun("child-1")).toBeUndefined();
    });

    test("runs are removed once all of them ended before a moment, with everything that belongs to them", async () => {
      const store = sqlHistoryStore(database);
      const done = { outcome: "succeeded", endedMs: 50 } as const;
      await store.putExecutions([
        { ...execution("old", "old", 10), ...done, attempts: [attempt(1, {})] },
        { ...execution("old-child", "old", 11), ...done },
        { ...execution("late", "late", 12), ...done, endedMs: 60 },
        { ...execution("half", "half", 13), ...done },
        execution("half-child", "half", 14),
      ]);
      await store.addLogLines([logLine("old", 1, 0, "text")], 10);
      expect(await store.removeRuns(60, 10)).toBeGreaterThanOrEqual(1);
      const left = await store.getExecutions(["old", "old-child", "late", "half", "half-child"]);
      expect(left.map(({ id }) => id).sort()).toEqual(["half", "half-child", "late"]);
      expect(await store.readLogLines({ runId: "old", after: 0, limit: 10 })).toEqual([]);
      expect(await store.removeRuns(60, 10)).toBe(0);
    });

    test("runs are paged newest first and executions oldest first, equal moments by id", async () => {
      const store = sqlHistoryStore(database);
      const roots = ["p-1", "p-2", "p-3", "p-4"].map((id, index) => ({
        ...execution(id, id, 100 + Math.floor(index / 2)),
        environment: "paged",
      }));
      await store.putExecutions([...roots, ...["c-1", "c-2"].map((id) => execution(id, "p-1", 200))]);
      const first = await store.listRuns({ environment: "paged", limit: 3 });
      expect(first.map(({ root }) => root.id)).toEqual(["p-4", "p-3", "p-2"]);
      const rest = await store.listRuns({ environment: "paged", limit: 3, before: first[2]?.root });
      expect(rest.map(({ root }) => root.id)).toEqual(["p-1"]);
      const page = await store.listExecutions({ runId: "p-1", limit: 2 });
      expect(page.map(({ id }) => id)).toEqual(["p-1", "c-1"]);
      const last = await store.listExecutions({ runId: "p-1", limit: 2, after: page[1] });
      expect(last.map(({ id }) => id)).toEqual(["c-2"]);
    });

    test("more executions than one statement takes are written and read", async () => {
      const store = sqlHistoryStore(database);
      const many = Array.from({ length: 1_201 }, (_, index) => execution(`many-${index}`, "many-0", index));
      await store.putExecutions(many);
      expect(await store.getExecutions(many.map(({ id }) => id))).toHaveLength(1_201);
    });

    test("a line that is added twice is kept once, in the order of arrival", async () => {
      const store = sqlHistoryStore(database);
      const lines = [logLine("l", 1, 0, "one"), logLine("l", 1, 1, "two \0"), logLine("l", 2, 0, "three")];
      expect(await store.addLogLines(lines, 100)).toEqual(["l"]);
      await store.addLogLines(lines, 100);
      const read = await store.readLogLines({ runId: "l", after: 0, limit: 10 });
      expect(read.map(({ text }) => text)).toEqual(["one", "two \uFFFD", "three"]);
      const after = await store.readLogLines({ runId: "l", after: read[1]?.cursor ?? 0, limit: 10 });
      expect(after.map(({ text }) => text)).toEqual(["three"]);
    });

    test("lines beyond an execution's bound are not kept, over any number of batches", async () => {
      const store = sqlHistoryStore(database);
      for (let sequence = 1; sequence <= 5; sequence++) {
        await store.addLogLines([logLine("bound", sequence, 0, `line ${sequence}`)], 2);
      }
      const read = await store.readLogLines({ runId: "bound", executionId: "bound", after: 0, limit: 10 });
      expect(read.map(({ text }) => text)).toEqual([
        "line 1",
        "line 2",
        "(further lines are not kept: an execution keeps 2 lines)",
      ]);
    });
  });

  test("opening the database again finds everything and changes no table", async () => {
    const again = await openDatabase(location);
    expect(await sqlEnvironmentStore(again).get("twice")).toMatchObject({ name: "twice" });
    await again.destroy();
  });
}

describe("SQLite", () => {
  const folder = mkdtempSync(join(tmpdir(), "hearth-stores-"));
  afterAll(() => rmSync(folder, { recursive: true }));
  storesContract(() => Promise.resolve(join(folder, "new", "test.sqlite")));
});

describe("PostgreSQL", () => {
  let engine: PostgresEngine | undefined;
  afterAll(() => engine?.stop());
  storesContract(async () => (engine = await startPostgres()).url);
});

function environment(name: string, versionId: string, atMs: number): Environment {
  const decision = completePolicy({});
  if (decision.kind === "invalid") throw new Error(decision.problem);
  const version = { id: versionId, spec: specOf({ name }), createdAtMs: atMs };
  return { name, version, policy: decision.policy, createdAtMs: atMs, updatedAtMs: atMs };
}

function replica(id: string, state: Replica["state"]): Replica {
  const createdAtMs = Number(id.slice(2));
  return {
    id,
    environment: "env-1",
    pool: "env-1/x",
    version: "v",
    state,
    startCause: "BACKLOG",
    startReason: "s",
    endCause: undefined,
    replaces: undefined,
    endReason: "",
    createdAtMs,
    readyAtMs: 5,
    drainingAtMs: undefined,
    endedAtMs: undefined,
    slots: 3,
    announced: undefined,
    heardAtMs: createdAtMs,
  };
}

function execution(id: string, runId: string, acceptedMs: number): ExecutionHistory {
  const parentId = id === runId ? "" : runId;
  return {
    id,
    runId,
    parentId,
    environment: "e",
    task: "t",
    pool: "e/run-1",
    acceptedMs,
    endedMs: 0,
    outcome: "none",
    storedArguments: undefined,
    storedResult: undefined,
    result: undefined,
    failure: undefined,
    attempts: [],
  };
}

function attempt(number: number, changes: Partial<Attempt>): Attempt {
  return {
    number,
    replicaId: "r",
    version: "v",
    runnerPid: 7,
    cold: false,
    waitReason: "",
    waitedMs: 12,
    dispatchedMs: 1.5,
    startedMs: 2,
    endedMs: 0,
    outcome: "none",
    failure: undefined,
    ...changes,
  };
}

function logLine(run: string, sequence: number, entry: number, text: string): PlacedLogLine {
  return { runId: run, executionId: run, attempt: 1, unixMs: 1, stream: "stdout", text, sequence, entry };
}
