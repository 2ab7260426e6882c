import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectBus, type Bus } from "@hearth/bus";
import { ManualClock } from "@hearth/clock";
import { natsPayloadStore, type PayloadStore } from "@hearth/payloads";
import { createLogger } from "@hearth/telemetry";
import { startNats, type NatsEngine } from "@hearth/test-engines";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { JournalState } from "../src/core/decide-trim.ts";
import type { ExecutionHistory, StoredPayload } from "../src/core/execution-history.ts";
import type { HistoryStore } from "../src/io/history-store.ts";
import { openDatabase, type Database } from "../src/io/sql/open-database.ts";
import { sqlHistoryStore } from "../src/io/sql/sql-history-store.ts";
import { keepWithinBounds } from "../src/loops/keep-within-bounds.ts";
import { eventually } from "./support/eventually.ts";
import { nextMove } from "./support/next-move.ts";

const graceMs = 60 * 60_000;
const retentionMs = 7 * 24 * 60 * 60_000;
const folder = mkdtempSync(join(tmpdir(), "hearth-sweep-"));
let nats: NatsEngine;
let bus: Bus;
let database: Database;
let payloads: PayloadStore;
let store: HistoryStore;

beforeAll(async () => {
  nats = await startNats();
  bus = await connectBus({ url: nats.url, name: "test" });
  payloads = natsPayloadStore(bus);
  database = await openDatabase(join(folder, "test.sqlite"));
  store = sqlHistoryStore(database);
});
afterAll(async () => {
  await database.destroy();
  await bus.close();
  await nats.stop();
  rmSync(folder, { recursive: true });
});

/** The loop on a clock of its own, and one look at whether it may sweep after the other. */
function startSweeping(projectedSequence: number): { readonly clock: ManualClock; sweep(): void; looks(): number } {
  const clock = new ManualClock(Date.now());
  let looks = 0;
  const journal = {
    state() {
      looks += 1;
      return Promise.resolve({ lastSequence: 10, projectedSequence, bytes: 0 } as JournalState);
    },
    cut: () => Promise.resolve(),
  };
  const log = createLogger("test", "silent");
  const bounds = { clock, log, store, payloads, journal, retentionMs, payloadGraceMs: graceMs, journalBytes: 1 };
  keepWithinBounds({ ...bounds, mayAct: () => true });
  return { clock, sweep: () => clock.advance(graceMs / 6), looks: () => looks };
}

function execution(id: string, changes: Partial<ExecutionHistory>): ExecutionHistory {
  return {
    ...{ id, runId: id, parentId: "", environment: "e", task: "t", pool: "e", acceptedMs: Date.now(), endedMs: 0 },
    ...{ outcome: "none", storedArguments: undefined, storedResult: undefined, result: undefined },
    ...{ failure: undefined, attempts: [], ...changes },
  };
}

const stored = (letter: string): Promise<StoredPayload> => payloads.put(Buffer.alloc(100, letter));
const isThere = async ({ sha256 }: StoredPayload): Promise<boolean> =>
  (await payloads.list()).some((one) => one.sha256 === sha256);

test("what runs name stays, what none names goes after the grace period, and what was named goes with its run", async () => {
  const [asArguments, asResult, orphan] = [await stored("a"), await stored("b"), await stored("c")];
  await store.putExecutions(
    [
      execution("open", { storedArguments: asArguments }),
      execution("ended", { storedResult: asResult, outcome: "succeeded", endedMs: Date.now() }),
    ],
    await nextMove(store),
  );
  const { clock, sweep } = startSweeping(10);
  await eventually("the orphan is gone", async () => {
    sweep();
    return (await isThere(orphan)) ? undefined : true;
  });
  expect(clock.now() - Date.now()).toBeGreaterThan(graceMs - 60_000);
  expect([await isThere(asArguments), await isThere(asResult)]).toEqual([true, true]);
  clock.advance(retentionMs);
  await eventually("the result is gone with its run", async () => {
    sweep();
    return (await isThere(asResult)) ? undefined : true;
  });
  expect(await store.getRun("ended")).toBeUndefined();
  expect(await isThere(asArguments)).toBe(true);
});

test("nothing goes while the history is behind the journal", async () => {
  const orphan = await stored("d");
  const { sweep, looks } = startSweeping(9);
  await eventually("it was looked at often enough to sweep", () => {
    sweep();
    return looks() > 20 ? true : undefined;
  });
  expect(await isThere(orphan)).toBe(true);
});
