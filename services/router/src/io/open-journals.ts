import { create, toBinary } from "@bufbuild/protobuf";
import { DeliverPolicy, jetstream } from "@nats-io/jetstream";
import { streams, subjects, type Bus } from "@hearth/bus";
import { JournalBatchSchema, type JournalRecord } from "@hearth/proto";
import { headers } from "@nats-io/transport-node";
import type { JournalEntry } from "../core/replay-journal.ts";
import { toEntry } from "./journal-entries.ts";
import { sealedRecord } from "./journal-records.ts";
import { readBatch, successorOf, type JournalTail, type JournalTails } from "./journal-tail.ts";

const readMax = 1_000;
const readWaitMs = 2_000;
const answerMs = 5_000;

/** Reads and closes the journals of other routers. */
export class OpenJournals {
  readonly #bus: Bus;
  readonly #tails: JournalTails;

  constructor(bus: Bus, tails: JournalTails) {
    this.#bus = bus;
    this.#tails = tails;
  }

  /** What a router wrote, from where it says one has to begin up to `tail`, and whom it had taken over itself. */
  async read(
    routerId: string,
    tail: JournalTail,
  ): Promise<{ readonly entries: readonly JournalEntry[]; readonly adoptedIds: readonly string[] }> {
    const records = await this.#records(routerId, beginOf(tail), tail.sequence);
    const mine = new Map<string, boolean>();
    for (const { event } of records) {
      if (event.case !== "carried" || mine.has(event.value.fromRouterId)) continue;
      const { fromRouterId } = event.value;
      const earlier = fromRouterId === "" ? undefined : await this.#tails.of(fromRouterId);
      mine.set(fromRouterId, earlier !== undefined && successorOf(earlier) === routerId);
    }
    const isMine = (fromRouterId: string): boolean => mine.get(fromRouterId) ?? false;
    return {
      entries: records.flatMap((record) => toEntry(record, isMine) ?? []),
      adoptedIds: [...mine.keys()].filter(isMine),
    };
  }

  /** Closes a journal that ends with `tail`. False: it went on, or another router closed it. */
  async seal(routerId: string, tail: JournalTail, successorId: string, now: number): Promise<boolean> {
    const records = [sealedRecord(successorId, now)];
    const batch = create(JournalBatchSchema, { routerId, records, number: tail.batch.number + 1 });
    const messageHeaders = headers();
    messageHeaders.set("Nats-Expected-Last-Subject-Sequence", `${tail.sequence}`);
    // Whatever the answer is, or that there is none: the journal itself says who closed it.
    await this.#bus.connection
      .request(subjects.journal(routerId), toBinary(JournalBatchSchema, batch), {
        headers: messageHeaders,
        timeout: answerMs,
      })
      .catch(() => undefined);
    const after = await this.#tails.of(routerId);
    return after !== undefined && successorOf(after) === successorId;
  }

  async #records(routerId: string, from: number, to: number): Promise<readonly JournalRecord[]> {
    const consumer = await jetstream(this.#bus.connection).consumers.get(streams.journal, {
      filter_subjects: subjects.journal(routerId),
      deliver_policy: DeliverPolicy.StartSequence,
      opt_start_seq: from,
    });
    const records: JournalRecord[] = [];
    try {
      for (let read = from - 1; read < to;) {
        const before = read;
        for await (const message of await consumer.fetch({ max_messages: readMax, expires: readWaitMs })) {
          read = message.seq;
          records.push(...(readBatch(message.data)?.records ?? []));
          if (read >= to) break;
        }
        if (read === before) throw new Error(`The journal of router ${routerId} ends at ${read}, not at ${to}.`);
      }
    } finally {
      await consumer.delete().catch(() => undefined);
    }
    return records;
  }
}

/** Where to read from. What is no place before the journal's end says nothing. */
function beginOf({ sequence, batch: { replayFrom } }: JournalTail): number {
  return Number.isSafeInteger(replayFrom) && replayFrom >= 1 && replayFrom < sequence ? replayFrom : sequence;
}
