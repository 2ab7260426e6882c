import { connectBus, ensureStreams, streams, type Bus } from "@hearth/bus";
import { newId } from "@hearth/ids";
import { createLogger } from "@hearth/telemetry";
import { startNats, startPostgres, type NatsEngine, type PostgresEngine } from "@hearth/test-engines";
import { jetstreamManager } from "@nats-io/jetstream";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import type { ExecutionHistory } from "../src/core/execution-history.ts";
import { ChangeFeed } from "../src/io/change-feed.ts";
import { PositionMoved, type HistoryStore } from "../src/io/history-store.ts";
import { openDatabase, type Database } from "../src/io/sql/open-database.ts";
import { sqlHistoryStore } from "../src/io/sql/sql-history-store.ts";
import { natsStreamReader } from "../src/io/stream-reader.ts";
import { projectHistory } from "../src/loops/project-history.ts";
import { eventually } from "./support/eventually.ts";
import { dispatched, ended, startRouterTwin, type RouterTwin } from "./support/router-twin.ts";

const long = { timeout: 60_000 };

/** A control plane's reading of the journal. */
interface Projection {
  readonly feed: ChangeFeed;
  /** The numbers of the messages that it was given, in order. */
  readonly given: readonly number[];
  /** How often another one had been faster. */
  readonly overtaken: () => number;
  /** What it warned of. */
  readonly warnings: () => readonly string[];
  leave(): Promise<void>;
}

let nats: NatsEngine;
let bus: Bus;
let router: RouterTwin;
let projections: Projection[];
let databases: Database[];

beforeAll(async () => {
  nats = await startNats();
  bus = await connectBus({ url: nats.url, name: "test" });
  router = await startRouterTwin(bus);
});
beforeEach(async () => {
  await makeJournalAnew();
  [projections, databases] = [[], []];
});
afterEach(async () => {
  await Promise.all(projections.map((projection) => projection.leave()));
  await Promise.all(databases.map((database) => database.destroy()));
});
afterAll(async () => {
  await router.stop();
  await bus.close();
  await nats.stop();
});

async function makeJournalAnew(): Promise<void> {
  const manager = await jetstreamManager(bus.connection);
  await manager.streams.delete(streams.journal).catch(() => false);
  await ensureStreams(bus);
}

async function open(location: string): Promise<Database> {
  const database = await openDatabase(location);
  databases.push(database);
  return database;
}

/** `changes`: what its store does otherwise. */
function startProjection(store: HistoryStore, changes: Partial<HistoryStore> = {}, over: Bus = bus): Projection {
  const leaving = new AbortController();
  const log = createLogger("test", "silent");
  const warn = vi.spyOn(log, "warn");
  const feed = new ChangeFeed();
  const given: number[] = [];
  let overtaken = 0;
  const real = natsStreamReader(over, streams.journal);
  const journal: typeof real = {
    ...real,
    read: (options) =>
      real.read({
        ...options,
        take(batch) {
          given.push(...batch.map(({ sequence }) => sequence));
          return options.take(batch);
        },
      }),
  };
  const watched: HistoryStore = {
    ...{ ...store, ...changes },
    putExecutions: (executions, move) =>
      (changes.putExecutions ?? store.putExecutions)(executions, move).catch((error: unknown) => {
        if (error instanceof PositionMoved) overtaken += 1;
        throw error;
      }),
  };
  const running = projectHistory({ journal, store: watched, feed, log, signal: leaving.signal });
  const projection: Projection = {
    ...{ feed, given, overtaken: () => overtaken },
    warnings: () => warn.mock.calls.map(([, message]) => String(message)),
    async leave() {
      leaving.abort();
      await running;
    },
  };
  projections.push(projection);
  return projection;
}

const accepted = (executionId: string): Parameters<RouterTwin["journal"]>[0] => ({
  case: "accepted",
  value: { execution: { executionId, environment: "env-1", task: "task" } },
});

/** All that happens to an execution, one message after the other. */
async function journalExecution(): Promise<string> {
  const id = newId(Date.now());
  await router.journal(accepted(id));
  await router.journal(dispatched(id));
  await router.journal(ended(id));
  return id;
}

/** Some executions, once the history has all of the journal. */
async function projected(store: HistoryStore, ids: readonly string[]): Promise<readonly ExecutionHistory[]> {
  const manager = await jetstreamManager(bus.connection);
  await eventually("the history has all of the journal", async () => {
    const { state } = await manager.streams.info(streams.journal);
    return (await store.positionIn(streams.journal)).sequence === state.last_seq ? true : undefined;
  });
  return store.getExecutions(ids);
}

const whole = {
  outcome: "succeeded",
  attempts: [{ number: 1, replicaId: "replica-7", runnerPid: 4242, outcome: "succeeded" }],
};

/** `openStore`: the history as one control plane opens it. */
function projectionContract(openStore: () => Promise<HistoryStore>): void {
  test("two that read at once, as when one wakes after another has taken its place, lose no record", async () => {
    const stores = [await openStore(), await openStore()] as const;
    const [first, second] = [startProjection(stores[0]), startProjection(stores[1])];
    const ids: string[] = [];
    await eventually("they were in each other's way", async () => {
      for (let count = 0; count < 20; count += 1) ids.push(await journalExecution());
      return first.overtaken() + second.overtaken() >= 3 ? true : undefined;
    });
    const history = await projected(stores[0], ids);
    expect(history).toHaveLength(ids.length);
    for (const execution of history) expect(execution).toMatchObject(whole);
  });

  test("one that stood still between reading and writing does not write what is out of date, and its watchers look again", async () => {
    const store = await openStore();
    const goesOn = Promise.withResolvers<void>();
    let isStanding = false;
    const standing = startProjection(store, {
      async getExecutions(ids) {
        const found = await store.getExecutions(ids);
        isStanding = true;
        await goesOn.promise;
        return found;
      },
    });
    const id = newId(Date.now());
    await router.journal(accepted(id));
    await eventually("it stands still", () => (isStanding ? true : undefined));
    using watch = standing.feed.watch([id], new AbortController().signal);
    startProjection(await openStore());
    await router.journal(dispatched(id));
    await router.journal(ended(id));
    expect(await projected(store, [id])).toMatchObject([whole]);
    expect(watch.drain()).toEqual([]);
    goesOn.resolve();
    const changes = await watch.next();
    expect(await projected(store, [id])).toMatchObject([whole]);
    expect(changes).toBe("many");
    expect(standing.overtaken()).toBe(1);
    expect(await projected(store, [id, await journalExecution()])).toMatchObject([whole, whole]);
  });
}

describe("on SQLite", long, () => {
  const folder = mkdtempSync(join(tmpdir(), "hearth-project-"));
  let database: Database;
  let store: HistoryStore;
  beforeEach(async () => {
    database = await open(join(folder, `${newId(Date.now())}.sqlite`));
    store = sqlHistoryStore(database);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  // One connection for both: in one process, a second one would keep the first from ever ending its transaction.
  projectionContract(() => Promise.resolve(sqlHistoryStore(database)));

  test("it goes on where it was left", async () => {
    const before = await journalExecution();
    const first = startProjection(store);
    await projected(store, [before]);
    await first.leave();
    const after = await journalExecution();
    const second = startProjection(store);
    expect(await projected(store, [before, after])).toMatchObject([whole, whole]);
    expect([first.given, second.given]).toEqual([
      [1, 2, 3],
      [4, 5, 6],
    ]);
  });

  test("a batch that could not be written is written before what follows", async () => {
    let failures = 2;
    const projection = startProjection(store, {
      putExecutions: (executions, move) =>
        failures-- > 0 ? Promise.reject(new Error("away")) : store.putExecutions(executions, move),
    });
    const ids = [await journalExecution(), await journalExecution()];
    expect(await projected(store, ids)).toMatchObject([whole, whole]);
    expect(projection.given).toEqual([1, 2, 3, 4, 5, 6]);
  });

  test("connections that break and a server that is restarted leave nothing out", async () => {
    const own = await connectBus({ url: nats.url, name: "breaking" });
    const projection = startProjection(store, {}, own);
    const ids: string[] = [];
    for (let round = 1; round <= 3; round += 1) {
      await eventually("it reads", async () => {
        ids.push(await journalExecution());
        return (projection.given.at(-1) ?? -Infinity) > 3 * ids.length - 30 ? true : undefined;
      });
      const breaking = own.connection.reconnect();
      for (let count = 0; count < 50; count += 1) ids.push(await journalExecution());
      await breaking;
    }
    await nats.restart();
    await eventually("the server takes records", () => journalExecution().catch(() => undefined));
    const history = await projected(store, ids);
    expect(history).toHaveLength(ids.length);
    for (const execution of history) expect(execution).toMatchObject(whole);
    await projection.leave();
    await own.close();
  });

  test.each([
    { what: "while it was away", isThere: false },
    { what: "while it was reading", isThere: true },
  ])("a journal that was made anew $what is read from its first record, with a warning", async ({ isThere }) => {
    const first = startProjection(store);
    await projected(store, [await journalExecution()]);
    if (!isThere) await first.leave();
    await makeJournalAnew();
    const ids = [await journalExecution(), await journalExecution()];
    const reading = isThere ? first : startProjection(store);
    expect(await projected(store, ids)).toMatchObject([whole, whole]);
    expect(reading.warnings()).toContain("the stream is read from its first record");
  });

  test("a history that is rewound is made again from the journal", async () => {
    const first = startProjection(store);
    const id = await journalExecution();
    await projected(store, [id]);
    await first.leave();
    await database.deleteFrom("executions").execute();
    await store.rewind(streams.journal);
    startProjection(store);
    expect(await projected(store, [id])).toMatchObject([whole]);
  });
});

describe("on PostgreSQL", long, () => {
  let engine: PostgresEngine;
  beforeAll(async () => {
    engine = await startPostgres();
  });
  beforeEach(async () => {
    await sqlHistoryStore(await open(engine.url)).rewind(streams.journal);
  });
  afterAll(() => engine.stop());

  projectionContract(async () => sqlHistoryStore(await open(engine.url)));
});
