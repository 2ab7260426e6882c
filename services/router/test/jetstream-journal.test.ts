import { create } from "@bufbuild/protobuf";
import { connectBus, ensureStreams, streams, type Bus } from "@hearth/bus";
import { ManualClock, systemClock } from "@hearth/clock";
import { ExecutionRequestSchema, type JournalRecord } from "@hearth/proto";
import { startNats, type NatsEngine } from "@hearth/test-engines";
import { jetstreamManager } from "@nats-io/jetstream";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { JetStreamJournal } from "../src/io/jetstream-journal.ts";
import { acceptedRecord, carriedRecord, openedRecord } from "../src/io/journal-records.ts";
import { newExecution } from "../src/io/new-execution.ts";
import { JournalTails } from "../src/io/journal-tail.ts";

let nats: NatsEngine;
let bus: Bus;
beforeAll(async () => {
  nats = await startNats();
  bus = await connectBus({ url: nats.url, name: "router" });
  await ensureStreams(bus);
});
afterAll(async () => {
  await bus.close();
  await nats.stop();
});

/** The same connection, which loses where the first message wants its answer. */
function losingTheFirstAnswer(): Bus {
  let published = 0;
  const connection = new Proxy(bus.connection, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== "function") return value;
      if (name !== "publish") return value.bind(target) as unknown;
      return (subject: string, data: Uint8Array, options: object) =>
        target.publish(subject, data, { ...options, ...(++published === 1 && { reply: "nowhere" }) });
    },
  });
  return { ...bus, connection };
}

it("has a batch once whose acknowledgement was lost, and goes on", async () => {
  const clock = new ManualClock(1_000);
  const lossy = losingTheFirstAnswer();
  const options = { clock, routerId: "lossy", tails: new JournalTails(bus), superseded: vi.fn() };
  const journal = new JetStreamJournal({ ...options, bus: lossy });
  const first = journal.append(openedRecord(1));
  const manager = await jetstreamManager(bus.connection);
  const written = async (): Promise<number> => (await manager.streams.info(streams.journal)).state.messages;
  await vi.waitFor(async () => expect(await written()).toBe(1));
  expect(first.isReached).toBe(false);
  clock.advance(1_500);
  await first.reached;
  await journal.append(openedRecord(2)).reached;
  expect(await written()).toBe(2);
  expect(options.superseded).not.toHaveBeenCalled();
  await journal.close(0);
});

it("says where its router is also in a batch that began before that was known", async () => {
  const tails = new JournalTails(bus);
  const journal = new JetStreamJournal({ bus, clock: systemClock, routerId: "early", tails, superseded: vi.fn() });
  const request = create(ExecutionRequestSchema, { executionId: "e1" });
  const accepted = journal.append(acceptedRecord(request, "pool", 1));
  await journal.open("a-host-with-a-name:1234");
  const tail = await tails.of("early");
  expect(tail?.batch).toMatchObject({ routerId: "early", address: "a-host-with-a-name:1234", number: 1 });
  expect(tail?.batch.records.map(({ event }) => event.case)).toEqual(["accepted", "opened"]);
  expect(accepted.read()).toMatchObject({ event: { case: "accepted", value: { pool: "pool" } } });
  await journal.close(0);
});

it("keeps an ended execution in what is replayed, however much a takeover writes that may come to nothing", async () => {
  const tails = new JournalTails(bus);
  const journal = new JetStreamJournal({ bus, clock: systemClock, routerId: "wide", tails, superseded: vi.fn() });
  const inline = new Uint8Array(500_000);
  const request = create(ExecutionRequestSchema, { executionId: "e1", arguments: { inline } });
  const execution = newExecution(request, "pool", 1);
  const mark = journal.begin();
  await journal.append(acceptedRecord(request, "pool", 1)).reached;
  const write70MB = async (record: JournalRecord): Promise<void> => {
    for (let count = 0; count < 140; count++) await journal.append(record).reached;
  };
  await write70MB(carriedRecord(execution, "gone", 1));
  expect(journal.straggler()).toBe(undefined);
  await write70MB(acceptedRecord(request, "pool", 1));
  expect(journal.straggler()).toBe(mark);
  await journal.close(0);
});

it("writes as much as a batch takes at once, though nobody waits for it, and what is less a little later", async () => {
  const clock = new ManualClock(1_000);
  const tails = new JournalTails(bus);
  const journal = new JetStreamJournal({ bus, clock, routerId: "lingering", tails, superseded: vi.fn() });
  const large = create(ExecutionRequestSchema, { executionId: "e1", arguments: { inline: new Uint8Array(300_000) } });
  const first = journal.append(acceptedRecord(large, "pool", 1), "lingers");
  const second = journal.append(acceptedRecord(large, "pool", 1), "lingers");
  await first.reached;
  expect([second.isReached, journal.unwrittenBytes > 300_000]).toEqual([false, true]);
  clock.advance(2);
  await second.reached;
  expect(journal.unwrittenBytes).toBe(0);
  await journal.close(0);
});
