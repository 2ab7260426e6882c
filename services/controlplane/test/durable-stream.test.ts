import { connectBus, ensureStreams, streams, subjects, type Bus } from "@hearth/bus";
import { startNats, type NatsEngine } from "@hearth/test-engines";
import { jetstream } from "@nats-io/jetstream";
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

async function publish(count: number): Promise<void> {
  for (let index = 0; index < count; index++) await jetstream(bus.connection).publish(subjects.journal("r"), "x");
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
