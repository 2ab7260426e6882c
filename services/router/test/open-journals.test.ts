import { create, toBinary } from "@bufbuild/protobuf";
import { connectBus, ensureStreams, subjects, type Bus } from "@hearth/bus";
import { systemClock } from "@hearth/clock";
import { ExecutionRequestSchema, JournalBatchSchema } from "@hearth/proto";
import { startNats, type NatsEngine } from "@hearth/test-engines";
import { jetstream } from "@nats-io/jetstream";
import { afterAll, beforeAll, expect, it } from "vitest";
import { replayJournal } from "../src/core/replay-journal.ts";
import { acceptedRecord } from "../src/io/journal-records.ts";
import { JournalTails } from "../src/io/journal-tail.ts";
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
