import { create, toBinary, type MessageInitShape } from "@bufbuild/protobuf";
import { connectBus, ensureStreams, streams, subjects, type Bus } from "@hearth/bus";
import { JournalBatchSchema } from "@hearth/proto";
import { startNats, type NatsEngine } from "@hearth/test-engines";
import { AckPolicy, jetstream, jetstreamManager } from "@nats-io/jetstream";
import { afterAll, beforeAll, expect, test } from "vitest";
import { JournalStream } from "../src/io/journal-stream.ts";

const reader = "history";
let nats: NatsEngine;
let bus: Bus;
let journal: JournalStream;

beforeAll(async () => {
  nats = await startNats();
  bus = await connectBus({ url: nats.url, name: "test" });
  await ensureStreams(bus);
  journal = new JournalStream(bus, reader);
  const manager = await jetstreamManager(bus.connection);
  await manager.consumers.add(streams.journal, { durable_name: reader, ack_policy: AckPolicy.Explicit });
});

afterAll(async () => {
  await bus.close();
  await nats.stop();
});

async function write(batch: MessageInitShape<typeof JournalBatchSchema> & { routerId: string }): Promise<void> {
  const bytes = toBinary(JournalBatchSchema, create(JournalBatchSchema, batch));
  await jetstream(bus.connection).publish(subjects.journal(batch.routerId), bytes);
}

/** The history takes so many messages. */
async function take(messages: number): Promise<void> {
  const consumer = await jetstream(bus.connection).consumers.get(streams.journal, reader);
  for await (const message of await consumer.fetch({ max_messages: messages, expires: 5_000 })) {
    await message.ackAck();
  }
}

test("what the history has not read and what a takeover needs is known, and the rest can be cut", async () => {
  const sealed = { case: "sealed", value: { successorId: "open" } } as const;
  await write({ routerId: "gone", replayFrom: 1 });
  await write({ routerId: "gone", records: [{ event: sealed }] });
  await write({ routerId: "open" });
  await write({ routerId: "open", replayFrom: 3 });
  await write({ routerId: "fresh" });
  await take(4);
  expect(await journal.state()).toMatchObject({
    ...{ firstSequence: 1, lastSequence: 5, projectedSequence: 4, neededSequence: 3 },
  });
  await journal.cut(3);
  expect(await journal.state()).toMatchObject({ firstSequence: 3, neededSequence: 3 });
});

test("a journal that is rewound is read from its first record again", async () => {
  await journal.rewind();
  const manager = await jetstreamManager(bus.connection);
  await manager.consumers.add(streams.journal, { durable_name: reader, ack_policy: AckPolicy.Explicit });
  expect(await journal.state()).toMatchObject({ firstSequence: 3, projectedSequence: 0 });
});
