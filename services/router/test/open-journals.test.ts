import { create, toBinary } from "@bufbuild/protobuf";
import { connectBus, ensureStreams, subjects, type Bus } from "@hearth/bus";
import { systemClock } from "@hearth/clock";
import { ExecutionRequestSchema, JournalBatchSchema } from "@hearth/proto";
import { startNats, type NatsEngine } from "@hearth/test-engines";
import { jetstream } from "@nats-io/jetstream";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { replayJournal } from "../src/core/replay-journal.ts";
import { JetStreamJournal } from "../src/io/jetstream-journal.ts";
import { acceptedRecord, carriedRecord, openedRecord } from "../src/io/journal-records.ts";
import { JournalTails, type JournalTail } from "../src/io/journal-tail.ts";
import { newExecution } from "../src/io/new-execution.ts";
import { OpenJournals } from "../src/io/open-journals.ts";

let nats: NatsEngine;
let reader: Bus;
let writer: Bus;
beforeAll(async () => {
  nats = await startNats();
  reader = await connectBus({ url: nats.url, name: "reader" });
  writer = await connectBus({ url: nats.url, name: "writer" });
  await ensureStreams(writer);
});
afterAll(async () => {
  await reader.close();
  await writer.close();
  await nats.stop();
});

/** Writes an accepted execution with four million bytes of arguments. */
async function write(executionId: string, number: number): Promise<void> {
  const inline = new Uint8Array(4_000_000);
  const request = create(ExecutionRequestSchema, { executionId, arguments: { inline } });
  const records = [acceptedRecord(request, "pool", number)];
  const batch = create(JournalBatchSchema, { routerId: "large", records, number, replayFrom: 1 });
  await jetstream(writer.connection).publish(subjects.journal("large"), toBinary(JournalBatchSchema, batch));
}

it("reads a journal of more than the server holds for a connection, though it is busy meanwhile", async () => {
  const ids = Array.from({ length: 30 }, (_, index) => `execution-${index}`);
  for (const [index, id] of ids.entries()) await write(id, index + 1);
  const tails = new JournalTails(reader);
  const tail = await tails.of("large");
  if (tail === undefined) throw new Error("There is no journal.");
  const reading = new OpenJournals(reader, systemClock, tails).read("large", tail);
  // Whoever takes over has other things to do at the same time.
  const busy = setInterval(() => {
    const until = performance.now() + 150;
    while (performance.now() < until);
  }, 1);
  const { entries } = await reading.finally(() => clearInterval(busy));
  expect([...replayJournal(entries).keys()]).toEqual(ids);
}, 60_000);

describe("whom a router had taken over", () => {
  const request = create(ExecutionRequestSchema, { executionId: "e1" });

  function journalOf(routerId: string): JetStreamJournal {
    const tails = new JournalTails(writer);
    return new JetStreamJournal({ bus: writer, clock: systemClock, routerId, tails, superseded: vi.fn() });
  }

  async function tailOf(routerId: string): Promise<JournalTail> {
    const tail = await new JournalTails(writer).of(routerId);
    if (tail === undefined) throw new Error(`Router ${routerId} has no journal.`);
    return tail;
  }

  /** Writes what `from` had into the journal of `by`, and closes the other one. Gives whom `from` had taken over. */
  async function takeOver(from: string, by: string, journal: JetStreamJournal): Promise<readonly string[]> {
    const journals = new OpenJournals(writer, systemClock, new JournalTails(writer));
    const tail = await tailOf(from);
    const { adoptedIds } = await journals.read(from, tail);
    await journal.append(carriedRecord(newExecution(request, "pool", 1), from, 1)).reached;
    expect(await journals.seal(from, tail, by, 1)).toBe(true);
    return adoptedIds;
  }

  it("is told with those whom these had taken over, and though it died over the last one", async () => {
    const [a, b, c, d] = ["a", "b", "c", "d"].map(journalOf) as [
      JetStreamJournal,
      JetStreamJournal,
      JetStreamJournal,
      JetStreamJournal,
    ];
    await a.append(acceptedRecord(request, "pool", 1)).reached;
    expect(await takeOver("a", "b", b)).toEqual([]);
    b.adopted(["a"]);
    await b.append(openedRecord(2)).reached;
    expect(await takeOver("b", "c", c)).toEqual(["a"]);
    // Nothing more is heard of c.
    expect(await takeOver("c", "d", d)).toEqual(["a", "b"]);
    await Promise.all([a, b, c, d].map((journal) => journal.close(0)));
  });

  it("is told of the latest 32, however long ago what it had of them has ended", async () => {
    const journal = journalOf("e");
    const ids = Array.from({ length: 40 }, (_, index) => `gone-${index}`);
    for (const id of ids) journal.adopted([id]);
    await journal.append(openedRecord(1)).reached;
    const tail = await tailOf("e");
    const { adoptedIds } = await new OpenJournals(writer, systemClock, new JournalTails(writer)).read("e", tail);
    expect(adoptedIds).toEqual(ids.slice(8));
    await journal.close(0);
  });
});
