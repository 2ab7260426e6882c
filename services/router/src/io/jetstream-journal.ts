import { create, toBinary } from "@bufbuild/protobuf";
import { subjects, type Bus } from "@hearth/bus";
import type { Clock, Timer } from "@hearth/clock";
import { JournalBatchSchema, type JournalRecord } from "@hearth/proto";
import { createInbox, headers, type Subscription } from "@nats-io/transport-node";
import type { Journal } from "./journal.ts";

/** A batch leaves when its records weigh this much, well below the server's bound on a message. */
const batchBytesMax = 512 * 1024;
/** Not acknowledged for this long: sent again. The stream drops the copy by its message id. */
const resendAfterMs = 2_000;
/** Not acknowledged for this long: the journal counts as unavailable. */
const unavailableAfterMs = 10_000;
const unacknowledgedBytesMax = 256 * 1024 * 1024;

interface Batch {
  readonly number: number;
  readonly bytes: Uint8Array;
  readonly firstSentAt: number;
  sentAt: number;
  /** Settled once the batch is acknowledged. */
  readonly durable: PromiseWithResolvers<void>;
}

/**
 * The journal in JetStream. All records of one tick ride in one message, and batches are acknowledged while later ones
 * are on their way: a publish call for each record would cost five times as much (docs/decisions).
 */
export class JetStreamJournal implements Journal {
  readonly #bus: Bus;
  readonly #clock: Clock;
  readonly #routerId: string;
  readonly #inbox = createInbox();
  readonly #acknowledgements: Subscription;
  readonly #resend: Timer;
  readonly #unacknowledged = new Map<number, Batch>();
  #unacknowledgedBytes = 0;
  #records: JournalRecord[] = [];
  #recordBytes = 0;
  #durable = Promise.withResolvers<void>();
  #batches = 0;

  constructor(options: { readonly bus: Bus; readonly clock: Clock; readonly routerId: string }) {
    this.#bus = options.bus;
    this.#clock = options.clock;
    this.#routerId = options.routerId;
    this.#acknowledgements = this.#bus.connection.subscribe(`${this.#inbox}.*`, {
      callback: (error, message) => {
        if (error === null) this.#acknowledged(Number(message.subject.slice(this.#inbox.length + 1)), message.data);
      },
    });
    this.#resend = this.#clock.every(resendAfterMs / 2, () => this.#resendOverdue());
  }

  get available(): boolean {
    if (this.#unacknowledgedBytes > unacknowledgedBytesMax) return false;
    for (const oldest of this.#unacknowledged.values()) {
      return oldest.firstSentAt + unavailableAfterMs > this.#clock.now();
    }
    return true;
  }

  append(record: JournalRecord): Promise<void> {
    const durable = this.#durable.promise;
    if (this.#records.push(record) === 1) setImmediate(() => this.#flush());
    this.#recordBytes += weigh(record);
    if (this.#recordBytes >= batchBytesMax) this.#flush();
    return durable;
  }

  async close(graceMs: number): Promise<void> {
    this.#flush();
    const durable = [...this.#unacknowledged.values()].at(-1)?.durable;
    if (durable !== undefined) {
      const patience = Promise.withResolvers<void>();
      const timer = this.#clock.after(graceMs, patience.resolve);
      await Promise.race([durable.promise, patience.promise]);
      timer.cancel();
    }
    this.#resend.cancel();
    this.#acknowledgements.unsubscribe();
  }

  #flush(): void {
    if (this.#records.length === 0) return;
    const bytes = toBinary(
      JournalBatchSchema,
      create(JournalBatchSchema, { routerId: this.#routerId, records: this.#records }),
    );
    const now = this.#clock.now();
    const batch: Batch = { number: ++this.#batches, bytes, firstSentAt: now, sentAt: now, durable: this.#durable };
    this.#records = [];
    this.#recordBytes = 0;
    this.#durable = Promise.withResolvers<void>();
    this.#unacknowledged.set(batch.number, batch);
    this.#unacknowledgedBytes += bytes.length;
    this.#send(batch);
  }

  #send(batch: Batch): void {
    if (this.#bus.connection.isClosed() || this.#bus.connection.isDraining()) return;
    const messageHeaders = headers();
    messageHeaders.set("Nats-Msg-Id", `${this.#routerId}.${batch.number}`);
    this.#bus.connection.publish(subjects.journal(this.#routerId), batch.bytes, {
      reply: `${this.#inbox}.${batch.number}`,
      headers: messageHeaders,
    });
  }

  #acknowledged(number: number, data: Uint8Array): void {
    const batch = this.#unacknowledged.get(number);
    // JetStream answers {"stream": ..., "seq": ...}, or {"error": ...}; no answer and an error both mean: send it again.
    if (batch === undefined || !isAcknowledgement(data)) return;
    this.#unacknowledged.delete(number);
    this.#unacknowledgedBytes -= batch.bytes.length;
    batch.durable.resolve();
  }

  #resendOverdue(): void {
    const now = this.#clock.now();
    for (const batch of this.#unacknowledged.values()) {
      if (batch.sentAt + resendAfterMs > now) continue;
      batch.sentAt = now;
      this.#send(batch);
    }
  }
}

function isAcknowledgement(data: Uint8Array): boolean {
  try {
    const answer = JSON.parse(Buffer.from(data).toString("utf8")) as { readonly seq?: unknown };
    return typeof answer.seq === "number";
  } catch {
    return false;
  }
}

/** Roughly what a record weighs: its payload, and something for the rest. */
function weigh(record: JournalRecord): number {
  switch (record.event.case) {
    case "accepted":
      return 200 + (record.event.value.execution?.arguments?.inline.length ?? 0);
    case "ended":
      return 200 + 2 * (record.event.value.end?.result?.inline.length ?? 0);
    case "carried": {
      const { execution, ended } = record.event.value;
      return 400 + (execution?.arguments?.inline.length ?? 0) + 2 * (ended?.end?.result?.inline.length ?? 0);
    }
    case "attemptEnded":
    case "dispatched":
    case "opened":
    case "sealed":
    case undefined:
      return 200;
  }
}
