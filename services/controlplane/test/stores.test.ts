import { startPostgres, type PostgresEngine } from "@hearth/test-engines";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Environment } from "../src/core/environment.ts";
import type { Attempt, ExecutionHistory, Outcome } from "../src/core/execution-history.ts";
import { completePolicy } from "@hearth/policy";
import type { Replica } from "../src/core/replica.ts";
import { unread, type StreamPosition, type PositionMove } from "../src/core/stream-position.ts";
import { PositionMoved, type PlacedLogLine } from "../src/io/history-store.ts";
import { openDatabase, type Database } from "../src/io/sql/open-database.ts";
import { sqlEnvironmentStore } from "../src/io/sql/sql-environment-store.ts";
import { sqlHistoryStore } from "../src/io/sql/sql-history-store.ts";
import { movePosition } from "../src/io/sql/sql-positions.ts";
import { sqlReplicaStore } from "../src/io/sql/sql-replica-store.ts";
import { nextMove } from "./support/next-move.ts";
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
      await store.putExecutions([full], await nextMove(store));
      expect(await store.getExecutions(["full", "unknown"])).toEqual([full]);
      await store.putExecutions([full], await nextMove(store));
      expect(await store.getExecutions(["full"])).toEqual([full]);
      expect(await store.lookAtExecutions(["full", "unknown"])).toEqual([{ ...full, result: undefined }]);
    });

    test("stored payloads are read back, and it is known which of some are named", async () => {
      const store = sqlHistoryStore(database);
      const [one, two] = [
        { sha256: "1".repeat(64), sizeBytes: 5e6 },
        { sha256: "2".repeat(64), sizeBytes: 2 ** 26 },
      ];
      await store.putExecutions([{ ...execution("large", "large", 1), storedArguments: one }], await nextMove(store));
      const ended = { ...execution("large", "large", 1), storedArguments: one, storedResult: two, endedMs: 2 };
      await store.putExecutions([ended], await nextMove(store));
      expect(await store.getExecutions(["large"])).toEqual([ended]);
      const named = await store.namedPayloads([one.sha256, two.sha256, "3".repeat(64)]);
      expect([...named].sort()).toEqual([one.sha256, two.sha256]);
    });

    test("a run counts its executions by phase", async () => {
      const store = sqlHistoryStore(database);
      await store.putExecutions(
        [
          execution("root", "root", 1),
          { ...execution("child-1", "root", 2), outcome: "succeeded" },
          { ...execution("child-2", "root", 3), attempts: [attempt(1, {})] },
          { ...execution("child-3", "root", 4), outcome: "lost" },
        ],
        await nextMove(store),
      );
      const run = await store.getRun("root");
      expect(run?.counts).toMatchObject({ queued: 1, running: 1, succeeded: 1, failed: 1, cancelled: 0 });
      expect(await store.getRun("child-1")).toBeUndefined();
    });

    test("runs are removed once all of them ended before a moment, with everything that belongs to them", async () => {
      const store = sqlHistoryStore(database);
      const done = { outcome: "succeeded", endedMs: 50 } as const;
      await store.putExecutions(
        [
          { ...execution("old", "old", 10), ...done, attempts: [attempt(1, {})] },
          { ...execution("old-child", "old", 11), ...done },
          { ...execution("late", "late", 12), ...done, endedMs: 60 },
          { ...execution("half", "half", 13), ...done },
          execution("half-child", "half", 14),
        ],
        await nextMove(store),
      );
      await store.addLogLines([logLine("old", 1, 0, "text")], 10, await nextMove(store));
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
      const children = ["c-1", "c-2"].map((id) => execution(id, "p-1", 200));
      await store.putExecutions([...roots, ...children], await nextMove(store));
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
      await store.putExecutions(many, await nextMove(store));
      expect(await store.getExecutions(many.map(({ id }) => id))).toHaveLength(1_201);
    });

    test("a line that is added twice is kept once, in the order of arrival", async () => {
      const store = sqlHistoryStore(database);
      const lines = [logLine("l", 1, 0, "one"), logLine("l", 1, 1, "two \0"), logLine("l", 2, 0, "three")];
      expect(await store.addLogLines(lines, 100, await nextMove(store))).toEqual(["l"]);
      await store.addLogLines(lines, 100, await nextMove(store));
      const read = await store.readLogLines({ runId: "l", after: 0, limit: 10 });
      expect(read.map(({ text }) => text)).toEqual(["one", "two \uFFFD", "three"]);
      const after = await store.readLogLines({ runId: "l", after: read[1]?.cursor ?? 0, limit: 10 });
      expect(after.map(({ text }) => text)).toEqual(["three"]);
    });

    test("lines beyond an execution's bound are not kept, over any number of batches", async () => {
      const store = sqlHistoryStore(database);
      for (let sequence = 1; sequence <= 5; sequence++) {
        const line = logLine("bound", sequence, 0, `line ${sequence}`);
        await store.addLogLines([line], 2, await nextMove(store));
      }
      const read = await store.readLogLines({ runId: "bound", executionId: "bound", after: 0, limit: 10 });
      expect(read.map(({ text }) => text)).toEqual([
        "line 1",
        "line 2",
        "(further lines are not kept: an execution keeps 2 lines)",
      ]);
    });
  });

  describe("the position in a stream", () => {
    const at = (sequence: number): StreamPosition => ({ sequence, storedMs: 1_000 + sequence });
    const write = (move: PositionMove, outcome: Outcome, id = move.stream) =>
      sqlHistoryStore(database).putExecutions([{ ...execution(id, id, 1), outcome }], move);
    const outcomes = async (...ids: string[]): Promise<readonly string[]> =>
      (await sqlHistoryStore(database).getExecutions(ids)).map(({ outcome }) => outcome);

    test("moves with what is written, and with nothing too", async () => {
      const store = sqlHistoryStore(database);
      expect(await store.positionIn("moves")).toEqual({ sequence: 0, storedMs: 0 });
      await write({ stream: "moves", from: unread, to: at(3) }, "none");
      expect(await store.positionIn("moves")).toEqual(at(3));
      await store.putExecutions([], { stream: "moves", from: at(3), to: at(5) });
      await store.addLogLines([], 1, { stream: "moves", from: at(5), to: at(2 ** 40) });
      expect(await store.positionIn("moves")).toEqual(at(2 ** 40));
    });

    test("that another one has moved is not moved again, and nothing is written", async () => {
      const store = sqlHistoryStore(database);
      const stream = "moved";
      await write({ stream, from: unread, to: at(3) }, "succeeded");
      const stale = [unread, at(2), { sequence: 3, storedMs: 4 }, at(4)];
      for (const from of stale) {
        await expect(write({ stream, from, to: at(9) }, "failed")).rejects.toThrow(PositionMoved);
        const lines = [logLine(stream, 1, 0, "text")];
        await expect(store.addLogLines(lines, 9, { stream, from, to: at(9) })).rejects.toThrow(PositionMoved);
      }
      expect(await store.positionIn(stream)).toEqual(at(3));
      expect(await outcomes(stream)).toEqual(["succeeded"]);
      expect(await store.readLogLines({ runId: stream, after: 0, limit: 9 })).toEqual([]);
    });

    test("is not moved by a write that fails", async () => {
      const store = sqlHistoryStore(database);
      const move = { stream: "fails", from: unread, to: at(1) };
      const impossible = { ...execution("fails", "fails", 1), task: null as unknown as string };
      await expect(store.putExecutions([impossible], move)).rejects.toThrow();
      const line = { ...logLine("fails", 1, 0, "text"), unixMs: null as unknown as number };
      await expect(store.addLogLines([line], 9, move)).rejects.toThrow();
      expect(await store.positionIn("fails")).toEqual(unread);
    });

    test.each([
      ["never read", unread],
      ["read before", at(1)],
    ])("of a stream %s is moved by one of those that would move it at once", async (_, from) => {
      const stream = `at once from ${from.sequence}`;
      if (from !== unread) await sqlHistoryStore(database).putExecutions([], { stream, from: unread, to: from });
      const ids = Array.from({ length: 20 }, (_, index) => `${stream} ${index}`);
      const writes = ids.map((id, index) => write({ stream, from, to: at(2 + index) }, "none", id));
      const settled = await Promise.allSettled(writes);
      const wins = settled.flatMap(({ status }, index) => (status === "fulfilled" ? [index] : []));
      expect(wins).toHaveLength(1);
      expect(await sqlHistoryStore(database).positionIn(stream)).toEqual(at(2 + (wins[0] ?? 0)));
      const written = await sqlHistoryStore(database).getExecutions(ids);
      expect(written.map(({ id }) => id)).toEqual([ids[wins[0] ?? 0]]);
    });

    test("of a stream that is rewound is before its first record, and of others stays", async () => {
      const store = sqlHistoryStore(database);
      for (const stream of ["rewound", "other"]) await store.putExecutions([], { stream, from: unread, to: at(7) });
      await store.rewind("rewound");
      expect(await store.positionIn("rewound")).toEqual(unread);
      expect(await store.positionIn("other")).toEqual(at(7));
      const move = { stream: "rewound", from: at(7), to: at(8) };
      await expect(store.putExecutions([], move)).rejects.toThrow(PositionMoved);
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

  test("one that stands still in the midst of a write keeps another from writing for seconds only", async () => {
    const location = engine?.url ?? "";
    const [standing, other] = [await openDatabase(location), await openDatabase(location)];
    const move = { stream: "stands still", from: unread, to: { sequence: 1, storedMs: 1 } };
    const [isInMidst, goesOn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const late = standing.transaction().execute(async (transaction) => {
      await movePosition(transaction, move);
      isInMidst.resolve();
      await goesOn.promise;
      await sqlHistoryStore(transaction).getExecutions(["any"]);
    });
    await isInMidst.promise;
    await sqlHistoryStore(other).putExecutions([execution("after", "after", 1)], move);
    goesOn.resolve();
    await expect(late).rejects.toThrow();
    await expect(sqlHistoryStore(standing).putExecutions([], move)).rejects.toThrow(PositionMoved);
    await Promise.all([standing.destroy(), other.destroy()]);
  });
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
