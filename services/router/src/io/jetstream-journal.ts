import { subjects, type Bus } from "@hearth/bus";
import type { Clock, Timer } from "@hearth/clock";
import { encodeMessage, JournalBatchSchema, type JournalRecord } from "@hearth/proto";
import { createInbox, headers, type Subscription } from "@nats-io/transport-node";
import { ReplayPoint, type Mark } from "../core/replay-point.ts";
import type { AppendedRecord, Journal } from "./journal.ts";
import { openedRecord } from "./journal-records.ts";
import { successorOf, type JournalTails } from "./journal-tail.ts";
import { RecordBatch } from "./record-batch.ts";

export { RecordBatch };

/** Of more than one record a batch takes at most this, well below the server's bound on a message. */
const batchBytesMax = 512 * 1024;
/** Not acknowledged for this long: sent again. The stream refuses the copy of what it has, for it names what is not the last. */
const resendAfterMs = 1_000;
/** Not acknowledged for this long: the journal counts as unavailable. */
const unavailableAfterMs = 10_000;
const unwrittenBytesMax = 256 * 1024 * 1024;
/** When nothing is written, this often it is looked whether somebody has taken over. */
const lookEveryMs = 1_000;
/** How long a record may wait for another one to be written with. */
const lingerMs = 2;
/** Executions are written again when this much that is new was written since they began. */
const behindBytesMax = 64 * 1024 * 1024;

/** So many of the routers that were taken over are named: a replica is seldom cut off from more in a row. */
const adoptedMax = 32;

interface SentBatch {
  readonly number: number;
  readonly bytes: Uint8Array;
  readonly batch: RecordBatch;
  readonly firstSentAt: number;
  sentAt: number;
}

/**
 * The journal in JetStream. One batch is on its way at a time, and what happens meanwhile is gathered for the next: so each
 * can name the sequence of the one before as the last of its subject, and the stream refuses it once another router has
 * closed this journal in order to take over. The server answers in a fraction of a millisecond, so batches are small when
 * little happens and large when much does.
 */
export class JetStreamJournal implements Journal {
  readonly #bus: Bus;
  readonly #clock: Clock;
  readonly #routerId: string;
  readonly #tails: JournalTails;
  readonly #superseded: (successorId: string) => void;
  readonly #inbox = createInbox();
  readonly #headers = headers();
  readonly #answers: Subscription;
  readonly #timers: readonly Timer[];
  readonly #replayPoint = new ReplayPoint();
  #gathering: RecordBatch[] = [];
  #gatheredBytes = 0;
  /** The batch that was begun last. */
  #last: RecordBatch | undefined;
  #sent: SentBatch | undefined;
  #flushing = false;
  #lingering: Timer | undefined;
  #batches = 0;
  /** Of the last batch of this subject. */
  #sequence = 0;
  #address = "";
  #adoptedRouterIds: string[] = [];
  #ownAt: number;
  #isClosed = false;

  constructor(options: {
    readonly bus: Bus;
    readonly clock: Clock;
    readonly routerId: string;
    readonly tails: JournalTails;
    /** Called once when another router has taken over; nothing that is appended becomes durable any more. */
    readonly superseded: (successorId: string) => void;
  }) {
    this.#bus = options.bus;
    this.#clock = options.clock;
    this.#routerId = options.routerId;
    this.#tails = options.tails;
    this.#superseded = options.superseded;
    this.#ownAt = this.#clock.now();
    this.#answers = this.#bus.connection.subscribe(`${this.#inbox}.*`, {
      callback: (error, message) => {
        if (error === null) this.#answered(Number(message.subject.slice(this.#inbox.length + 1)), message.data);
      },
    });
    this.#timers = [
      this.#clock.every(resendAfterMs / 4, () => this.#resend()),
      this.#clock.every(lookEveryMs, () => void this.#look()),
    ];
  }

  /** Begins to write. `address`: where clients reach this router. Resolves once the others can know of it. */
  open(address: string): Promise<void> {
    this.#address = address;
    return this.append(openedRecord(this.#clock.now())).reached;
  }

  get available(): boolean {
    if (this.#gatheredBytes > unwrittenBytesMax) return false;
    return this.#sent === undefined || this.#sent.firstSentAt + unavailableAfterMs > this.#clock.now();
  }

  get unwrittenBytes(): number {
    return this.#gatheredBytes + (this.#sent?.batch.bytes ?? 0);
  }

  get ownAt(): number {
    return this.#ownAt;
  }

  append(record: JournalRecord, lingers?: "lingers"): AppendedRecord {
    let batch = this.#gathering.at(-1);
    let bytesBefore = batch?.bytes ?? 0;
    let appended = batch?.addWithin(batchBytesMax, record);
    if (batch === undefined || appended === undefined) {
      batch = this.#last = new RecordBatch(this.#last, this.#head(1, 1).length);
      this.#gathering.push(batch);
      bytesBefore = 0;
      appended = batch.add(record);
    }
    const bytes = batch.bytes - bytesBefore;
    if (record.event.case !== "carried") batch.newBytes += bytes;
    this.#gatheredBytes += bytes;
    batch.isAwaited ||= lingers === undefined;
    this.#planFlush();
    return appended;
  }

  async written(): Promise<void> {
    await (this.#gathering.at(-1) ?? this.#sent?.batch)?.reached;
  }

  adopted(routerIds: readonly string[]): void {
    this.#adoptedRouterIds = [...this.#adoptedRouterIds, ...routerIds].slice(-adoptedMax);
  }

  begin(): Mark {
    return this.#replayPoint.begin();
  }

  forget(mark: Mark): void {
    this.#replayPoint.forget(mark);
  }

  straggler(): Mark | undefined {
    return this.#replayPoint.straggler(behindBytesMax);
  }

  async close(graceMs: number): Promise<void> {
    this.#isClosed = true;
    this.#flush();
    const patience = Promise.withResolvers<void>();
    const timer = this.#clock.after(graceMs, patience.resolve);
    await Promise.race([this.written(), patience.promise]);
    timer.cancel();
    for (const timer of this.#timers) timer.cancel();
    this.#lingering?.cancel();
    this.#answers.unsubscribe();
  }

  /** Whether what is gathered is to leave at once: somebody waits for it, or it is as much as a batch takes. */
  get #isUrgent(): boolean {
    return this.#gathering[0]?.isAwaited === true || this.#gathering.length > 1;
  }

  /** What is appended in the same tick rides together. */
  #planFlush(): void {
    if (this.#flushing || this.#sent !== undefined) return;
    if (!this.#isUrgent) return this.#linger();
    this.#flushing = true;
    setImmediate(() => {
      this.#flushing = false;
      this.#flush();
    });
  }

  #linger(): void {
    this.#lingering ??= this.#clock.after(lingerMs, () => {
      this.#lingering = undefined;
      this.#flush();
    });
  }

  #flush(): void {
    const batch = this.#sent === undefined ? this.#gathering.shift() : undefined;
    if (batch === undefined) return;
    this.#gatheredBytes -= batch.bytes;
    const number = ++this.#batches;
    const bytes = batch.finish(this.#head(number, this.#replayPoint.send()));
    const now = this.#clock.now();
    this.#sent = { number, bytes, batch, firstSentAt: now, sentAt: now };
    this.#send(this.#sent);
  }

  /** What a batch says before its records. It takes most when neither number is 0. */
  #head(number: number, replayFrom: number): Uint8Array {
    return encodeMessage(JournalBatchSchema, {
      $typeName: "hearth.v1.JournalBatch",
      routerId: this.#routerId,
      address: this.#address,
      records: [],
      number,
      replayFrom,
      adoptedRouterIds: this.#adoptedRouterIds,
    });
  }

  #send({ number, bytes }: SentBatch): void {
    if (this.#bus.connection.isClosed() || this.#bus.connection.isDraining()) return;
    this.#headers.set("Nats-Expected-Last-Subject-Sequence", `${this.#sequence}`);
    this.#bus.connection.publish(subjects.journal(this.#routerId), bytes, {
      reply: `${this.#inbox}.${number}`,
      headers: this.#headers,
    });
  }

  #answered(number: number, data: Uint8Array): void {
    const sent = this.#sent;
    if (sent?.number !== number) return;
    const answer = readAnswer(data);
    if (answer.kind === "written") return this.#written(sent, answer.sequence);
    // Either somebody took over, or the batch was written and its acknowledgement lost: the journal's end tells.
    if (answer.kind === "outOfOrder") void this.#look();
    // Any other refusal may pass: it is sent again.
  }

  #written(sent: SentBatch, sequence: number): void {
    this.#sent = undefined;
    this.#sequence = sequence;
    this.#ownAt = Math.max(this.#ownAt, sent.sentAt);
    this.#replayPoint.written(sequence, sent.batch.newBytes);
    sent.batch.reach();
    // What is urgent leaves at once: gathering has had its time.
    if (this.#isUrgent) this.#flush();
    else if (this.#gathering.length > 0) this.#linger();
  }

  #resend(): void {
    const now = this.#clock.now();
    const sent = this.#sent;
    if (sent === undefined || sent.sentAt + resendAfterMs > now) return;
    sent.sentAt = now;
    this.#send(sent);
  }

  /** Looks at the end of the journal: whose is it, and is the batch that was sent there? */
  async #look(): Promise<void> {
    const askedAt = this.#clock.now();
    const tail = await this.#tails.of(this.#routerId).catch(() => undefined);
    if (tail === undefined || this.#isClosed) return;
    const successor = successorOf(tail);
    if (successor !== undefined) return this.#giveUp(successor);
    this.#ownAt = Math.max(this.#ownAt, askedAt);
    if (this.#sent?.number === tail.batch.number) this.#written(this.#sent, tail.sequence);
  }

  #giveUp(successorId: string): void {
    this.#isClosed = true;
    for (const timer of this.#timers) timer.cancel();
    this.#superseded(successorId);
  }
}

type Answer =
  | { readonly kind: "written"; readonly sequence: number }
  | { readonly kind: "outOfOrder" }
  | { readonly kind: "refused" };

/** JetStream's code for "wrong last sequence". */
const wrongLastSequence = 10071;

/** JetStream answers {"stream": ..., "seq": ...}, or {"error": {"err_code": ...}}. */
function readAnswer(data: Uint8Array): Answer {
  try {
    const { seq, error } = JSON.parse(Buffer.from(data).toString("utf8")) as {
      readonly seq?: unknown;
      readonly error?: { readonly err_code?: unknown };
    };
    if (error?.err_code === wrongLastSequence) return { kind: "outOfOrder" };
    if (error === undefined && typeof seq === "number") return { kind: "written", sequence: seq };
  } catch {
    // No answer of JetStream's: as good as none.
  }
  return { kind: "refused" };
}
