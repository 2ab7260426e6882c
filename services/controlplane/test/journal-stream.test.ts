import { create, toBinary, type MessageInitShape } from "@bufbuild/protobuf";
import { connectBus, ensureStreams, streams, subjects, type Bus } from "@hearth/bus";
import { JournalBatchSchema } from "@hearth/proto";
import { startNats, type NatsEngine } from "@hearth/test-engines";
import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import { afterAll, beforeAll, expect, test } from "vitest";
import { unread, type StreamPosition } from "../src/core/stream-position.ts";
import { JournalStream } from "../src/io/journal-stream.ts";

let nats: NatsEngine;
let bus: Bus;
let journal: JournalStream;
let read: StreamPosition = unread;

beforeAll(async () => {
  nats = await startNats();
  bus = await connectBus({ url: nats.url, name: "test" });
  await ensureStreams(bus);
  journal = new JournalStream(bus, { positionIn: () => Promise.resolve(read) });
});

afterAll(async () => {
  await bus.close();
  await nats.stop();
});

async function write(batch: MessageInitShape<typeof JournalBatchSchema> & { routerId: string }): Promise<void> {
  const bytes = toBinary(JournalBatchSchema, create(JournalBatchSchema, batch));
  await jetstream(bus.connection).publish(subjects.journal(batch.routerId), bytes);
}

/** The history takes everything up to this message. */
async function readUpTo(sequence: number): Promise<void> {
  const manager = await jetstreamManager(bus.connection);
  const message = await manager.streams.getMessage(streams.journal, { seq: sequence });
  read = { sequence, storedMs: message?.time.getTime() ?? 0 };
}

test("what the history has not read and what a takeover needs is known, and the rest can be cut", async () => {
  const sealed = { case: "sealed", value: { successorId: "open" } } as const;
  await write({ routerId: "gone", replayFrom: 1 });
  await write({ routerId: "gone", records: [{ event: sealed }] });
  await write({ routerId: "open" });
  await write({ routerId: "open", replayFrom: 3 });
  await write({ routerId: "fresh" });
  expect(await journal.state()).toMatchObject({ projectedSequence: 0 });
  await readUpTo(4);
  expect(await journal.state()).toMatchObject({
    ...{ firstSequence: 1, lastSequence: 5, projectedSequence: 4, neededSequence: 3 },
  });
  await journal.cut(3);
  expect(await journal.state()).toMatchObject({ firstSequence: 3, projectedSequence: 4, neededSequence: 3 });
  await journal.cut(5);
  expect(await journal.state()).toMatchObject({ firstSequence: 5, projectedSequence: 4 });
});

test("of a journal that was made anew, the history has nothing", async () => {
  const manager = await jetstreamManager(bus.connection);
  await manager.streams.delete(streams.journal);
  await ensureStreams(bus);
  for (let count = 1; count <= 6; count += 1) await write({ routerId: "again" });
  expect(await journal.state()).toMatchObject({ firstSequence: 1, lastSequence: 6, projectedSequence: 0 });
});
