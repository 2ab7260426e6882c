import { connectBus, ensureStreams, streams, subjects, type Bus } from "@hearth/bus";
import { startNats, type NatsEngine } from "@hearth/test-engines";
import { jetstream, jetstreamManager, type JetStreamManager } from "@nats-io/jetstream";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { natsStreamReader, type StreamMessage, type StreamReader } from "../src/io/stream-reader.ts";

const within = { timeout: 10_000 };
let nats: NatsEngine;
let bus: Bus;
let manager: JetStreamManager;
let reader: StreamReader;

beforeAll(async () => {
  nats = await startNats();
  bus = await connectBus({ url: nats.url, name: "test" });
  manager = await jetstreamManager(bus.connection);
  reader = natsStreamReader(bus, streams.journal);
});

beforeEach(async () => {
  await manager.streams.delete(streams.journal).catch(() => false);
  await ensureStreams(bus);
});

afterAll(async () => {
  await bus.close();
  await nats.stop();
});

async function publish(count: number, bytes = 1): Promise<void> {
  const data = new Uint8Array(bytes);
  for (let index = 0; index < count; index++) await jetstream(bus.connection).publish(subjects.journal("r"), data);
}

/** Reads from behind a sequence on. */
function startReading(
  after: number,
  take: (batch: readonly StreamMessage[]) => Promise<void> = () => Promise.resolve(),
) {
  const leaving = new AbortController();
  const read: StreamMessage[] = [];
  const ended = reader.read({
    ...{ after, batchMax: 10, signal: leaving.signal },
    take(batch) {
      read.push(...batch);
      return take(batch);
    },
  });
  ended.catch(() => undefined);
  return {
    read,
    sequences: () => read.map(({ sequence }) => sequence),
    ended,
    async leave() {
      leaving.abort();
      await ended;
    },
  };
}

test("what lies behind a sequence is read in order, by each that reads", async () => {
  await publish(3);
  const [all, some] = [startReading(0), startReading(2)];
  await publish(2);
  await expect.poll(all.sequences, within).toEqual([1, 2, 3, 4, 5]);
  await expect.poll(some.sequences, within).toEqual([3, 4, 5]);
  await Promise.all([all.leave(), some.leave()]);
});

test("of a stream that was cut meanwhile, what is left is read", async () => {
  await publish(5);
  await manager.streams.purge(streams.journal, { seq: 4 });
  const reading = startReading(1);
  await expect.poll(reading.sequences, within).toEqual([4, 5]);
  await reading.leave();
});

test("a batch that is rejected ends the reading at once, and nothing is taken after it", async () => {
  await publish(1);
  const reading = startReading(0, () => Promise.reject(new Error("not taken")));
  await expect(reading.ended).rejects.toThrow("not taken");
  await publish(1);
  expect(reading.sequences()).toEqual([1]);
});

test("reading does not end before the batch that is being taken", async () => {
  await publish(1);
  const taken = Promise.withResolvers<void>();
  const reading = startReading(0, () => taken.promise);
  let hasEnded = false;
  void reading.ended.catch(() => undefined).finally(() => (hasEnded = true));
  await expect.poll(reading.sequences, within).toEqual([1]);
  await manager.streams.delete(streams.journal);
  await publishUntilRefused();
  expect(hasEnded).toBe(false);
  taken.resolve();
  await expect(reading.ended).rejects.toThrow("consumer deleted");
});

/** The server has told everybody by then that the stream is gone. */
async function publishUntilRefused(): Promise<void> {
  await expect(publish(1)).rejects.toThrow();
}

test("what is read while the server goes away ends, and can begin again behind what was taken", async () => {
  await publish(2);
  const reading = startReading(0);
  await expect.poll(reading.sequences, within).toEqual([1, 2]);
  await nats.restart();
  await expect(reading.ended).rejects.toThrow("consumer not found");
  await publish(3);
  const again = startReading(2);
  await expect.poll(again.sequences, within).toEqual([3, 4, 5]);
  await again.leave();
});

test("reading ends when the server stands still", { timeout: 40_000 }, async () => {
  await publish(1);
  const reading = startReading(0);
  await expect.poll(reading.sequences, within).toEqual([1]);
  nats.pause();
  await expect(reading.ended).rejects.toThrow("nothing was heard of the server");
  nats.resume();
});

describe("where to begin", () => {
  async function lastRead(count: number): Promise<StreamMessage> {
    const reading = startReading(0);
    await publish(count);
    await expect.poll(() => reading.read.length, within).toBe(count);
    await reading.leave();
    const [last] = reading.read.slice(-1);
    if (last === undefined) throw new Error("nothing was read");
    return last;
  }

  test("is behind the position, also when the stream was cut up to there or beyond", async () => {
    const last = await lastRead(5);
    expect(await reader.start(last)).toEqual({ kind: "goOn" });
    await publish(3);
    for (const seq of [5, 6, 8]) {
      await manager.streams.purge(streams.journal, { seq });
      expect(await reader.start(last)).toEqual({ kind: "goOn" });
    }
  });

  test.each([
    { what: "fewer records", count: 4 },
    { what: "as many records", count: 5 },
    { what: "more records", count: 9 },
  ])("is the first record when the stream was made anew and has $what", async ({ count }) => {
    const last = await lastRead(5);
    await manager.streams.delete(streams.journal);
    expect(await reader.start(last)).toMatchObject({ kind: "beginAnew" });
    await publish(count);
    expect(await reader.start(last)).toMatchObject({ kind: "beginAnew" });
    await manager.streams.purge(streams.journal, { seq: 8 });
    expect(await reader.start(last)).toMatchObject({ kind: "beginAnew" });
  });
});

test.each([
  { count: 25, bytes: 1, max: 10, bound: "at most as many messages as asked for" },
  { count: 6, bytes: 6_000_000, max: 2, bound: "at most 16 MiB" },
])("what comes while a batch is taken is taken together, $bound", async ({ count, bytes, max }) => {
  const isOpen = Promise.withResolvers<void>();
  const batches: number[][] = [];
  const reading = startReading(0, (batch) => {
    batches.push(batch.map(({ sequence }) => sequence));
    return isOpen.promise;
  });
  await publish(1, bytes);
  await expect.poll(() => batches.length, within).toBe(1);
  await publish(count - 1, bytes);
  const handedOut = async (): Promise<number> => {
    const [consumer] = await manager.consumers.list(streams.journal).next();
    return consumer?.delivered.stream_seq ?? 0;
  };
  await expect.poll(handedOut, within).toBeGreaterThan(2 + max);
  isOpen.resolve();
  await expect.poll(() => batches.flat().length, within).toBe(count);
  expect(batches[1]).toHaveLength(max);
  expect(Math.max(...batches.map((batch) => batch.length))).toBe(max);
  expect(batches.flat()).toEqual(batches.flat().toSorted((a, b) => a - b));
  await reading.leave();
});
