import { connectBus, ensureStreams, streams, subjects, type Bus } from "@hearth/bus";
import { startNats, type NatsEngine } from "@hearth/test-engines";
import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import { afterAll, beforeAll, expect, test } from "vitest";
import { natsDurableStream } from "../src/io/durable-stream.ts";

let nats: NatsEngine;
let bus: Bus;

beforeAll(async () => {
  nats = await startNats();
  bus = await connectBus({ url: nats.url, name: "test" });
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

test("what a reader that died had not acknowledged is read again at once, and before what came later", async () => {
  const stream = natsDurableStream(bus, streams.journal, "reader");
  const leaving = new AbortController();
  const taken = Promise.withResolvers<void>();
  await publish(3);
  const dying = stream.read({
    batchMax: 10,
    signal: leaving.signal,
    take() {
      taken.resolve();
      return Promise.reject(new Error("it died"));
    },
  });
  await taken.promise;
  leaving.abort();
  await dying.catch(() => undefined);
  await publish(2);

  const read: number[] = [];
  const done = new AbortController();
  const reading = stream.read({
    batchMax: 10,
    signal: done.signal,
    take(batch) {
      read.push(...batch.map(({ sequence }) => sequence));
      return Promise.resolve();
    },
  });
  await expect.poll(() => read, { timeout: 10_000 }).toEqual([1, 2, 3, 4, 5]);
  done.abort();
  await reading;
});

test.each([
  { count: 25, bytes: 1, max: 10, bound: "at most as many messages as asked for" },
  { count: 6, bytes: 6_000_000, max: 2, bound: "at most 16 MiB" },
])("what comes while a batch is taken is taken together, $bound", async ({ count, bytes, max }) => {
  const manager = await jetstreamManager(bus.connection);
  await manager.streams.purge(streams.journal);
  const [isOpen, done] = [Promise.withResolvers<void>(), new AbortController()];
  const batches: number[][] = [];
  const reading = natsDurableStream(bus, streams.journal, `reader-of-${bytes}`).read({
    batchMax: 10,
    signal: done.signal,
    take(batch) {
      batches.push(batch.map(({ sequence }) => sequence));
      return isOpen.promise;
    },
  });
  await publish(1, bytes);
  await expect.poll(() => batches.length, { timeout: 10_000 }).toBe(1);
  await publish(count - 1, bytes);
  const underWay = async (): Promise<number> =>
    (await manager.consumers.info(streams.journal, `reader-of-${bytes}`)).num_ack_pending;
  await expect.poll(underWay, { timeout: 10_000 }).toBeGreaterThan(1 + max);
  isOpen.resolve();
  await expect.poll(() => batches.flat().length, { timeout: 10_000 }).toBe(count);
  expect(batches[1]).toHaveLength(max);
  expect(Math.max(...batches.map((batch) => batch.length))).toBe(max);
  expect(batches.flat()).toEqual(batches.flat().toSorted((a, b) => a - b));
  done.abort();
  await reading;
});
