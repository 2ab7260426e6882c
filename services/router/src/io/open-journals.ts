import { create } from "@bufbuild/protobuf";
import { DeliverPolicy, jetstream } from "@nats-io/jetstream";
import { streams, subjects, type Bus } from "@hearth/bus";
import type { Clock } from "@hearth/clock";
import { encodeMessage, JournalBatchSchema, type JournalRecord } from "@hearth/proto";
import { headers } from "@nats-io/transport-node";
import type { JournalEntry } from "../core/replay-journal.ts";
import { toEntries } from "./journal-entries.ts";
import { sealedRecord } from "./journal-records.ts";
import { readBatch, successorOf, type JournalTail, type JournalTails } from "./journal-tail.ts";

/** A journal of which nothing comes for so long does not go on. */
const readWaitMs = 5_000;
const answerMs = 5_000;

/** Reads and closes the journals of other routers. */
export class OpenJournals {
  readonly #bus: Bus;
  readonly #clock: Clock;
  readonly #tails: JournalTails;

  constructor(bus: Bus, clock: Clock, tails: JournalTails) {
    this.#bus = bus;
    this.#clock = clock;
    this.#tails = tails;
  }

  /**
   * What a router wrote, from where it says one has to begin up to `tail`, and whom it had taken over, with those whom these had taken
   * over before, the latest last.
   */
  async read(
    routerId: string,
    tail: JournalTail,
  ): Promise<{ readonly entries: readonly JournalEntry[]; readonly adoptedIds: readonly string[] }> {
    const records = await this.#records(routerId, beginOf(tail), tail.sequence);
    const mine = new Map<string, boolean>();
    const adoptedIds = new Set(tail.batch.adoptedRouterIds);
    for (const { event } of records) {
      if (event.case !== "carried" || mine.has(event.value.fromRouterId)) continue;
      const { fromRouterId } = event.value;
      const earlier = fromRouterId === "" ? undefined : await this.#tails.of(fromRouterId);
      const isMine = earlier !== undefined && successorOf(earlier) === routerId;
      mine.set(fromRouterId, isMine);
      // It may have died before its next batch could say so.
      if (isMine) for (const id of [...earlier.batch.adoptedRouterIds, fromRouterId]) adoptedIds.add(id);
    }
    const isMine = (fromRouterId: string): boolean => mine.get(fromRouterId) ?? false;
    return {
      entries: records.flatMap((record) => toEntries(record, isMine)),
      adoptedIds: [...adoptedIds],
    };
  }

  /** Closes a journal that ends with `tail`. False: it went on, or another router closed it. */
  async seal(routerId: string, tail: JournalTail, successorId: string, now: number): Promise<boolean> {
    const records = [sealedRecord(successorId, now)];
    const { number, adoptedRouterIds } = tail.batch;
    const batch = create(JournalBatchSchema, { routerId, records, number: number + 1, adoptedRouterIds });
    const messageHeaders = headers();
    messageHeaders.set("Nats-Expected-Last-Subject-Sequence", `${tail.sequence}`);
    // Whatever the answer is, or that there is none: the journal itself says who closed it.
    await this.#bus.connection
      .request(subjects.journal(routerId), encodeMessage(JournalBatchSchema, batch), {
        headers: messageHeaders,
        timeout: answerMs,
      })
      .catch(() => undefined);
    const after = await this.#tails.of(routerId);
    return after !== undefined && successorOf(after) === successorId;
  }

  async #records(routerId: string, from: number, to: number): Promise<readonly JournalRecord[]> {
    const { consumers } = jetstream(this.#bus.connection);
    // Pushed, under the flow control of ordered consumers: a pull of many large messages could be more than the server holds for
    // a connection that is busy, which it then cuts off as a slow consumer.
    const consumer = await consumers.getPushConsumer(streams.journal, {
      filter_subjects: subjects.journal(routerId),
      deliver_policy: DeliverPolicy.StartSequence,
      opt_start_seq: from,
    });
    const messages = await consumer.consume();
    const records: JournalRecord[] = [];
    let read = from - 1;
    const stop = (): void => messages.stop();
    let patience = this.#clock.after(readWaitMs, stop);
    try {
      for await (const { seq, data } of messages) {
        patience.cancel();
        patience = this.#clock.after(readWaitMs, stop);
        read = seq;
        records.push(...(readBatch(data)?.records ?? []));
        if (read >= to) return records;
      }
    } finally {
      patience.cancel();
      await consumer.delete().catch(() => undefined);
    }
    throw new Error(`The journal of router ${routerId} ends at ${read}, not at ${to}.`);
  }
}

/** Where to read from. What is no place before the journal's end says nothing. */
function beginOf({ sequence, batch: { replayFrom } }: JournalTail): number {
  return Number.isSafeInteger(replayFrom) && replayFrom >= 1 && replayFrom < sequence ? replayFrom : sequence;
}
