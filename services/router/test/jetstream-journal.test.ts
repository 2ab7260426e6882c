import { connectBus, ensureStreams, streams, type Bus } from "@hearth/bus";
import { ManualClock } from "@hearth/clock";
import { startNats, type NatsEngine } from "@hearth/test-engines";
import { jetstreamManager } from "@nats-io/jetstream";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { JetStreamJournal } from "../src/io/jetstream-journal.ts";
import { openedRecord } from "../src/io/journal-records.ts";
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
