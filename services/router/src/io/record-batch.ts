import {
  decodeField,
  encodeFieldInto,
  JournalBatchSchema,
  JournalRecordSchema,
  type JournalRecord,
} from "@hearth/proto";
import type { AppendedRecord, Durability } from "./journal.ts";

/** Batches lie side by side in pieces of this size: a record that is kept for long keeps no more than that of its neighbours. */
const pieceBytes = 256 * 1024;

const { number: recordsField } = JournalBatchSchema.field.records;

/** Records that become durable together, in the bytes that leave. */
export class RecordBatch implements Durability {
  /** Of its bytes, those of records that say something new. */
  newBytes = 0;
  /** Whether it has more than records that linger. */
  isAwaited = false;
  isReached = false;
  readonly #waiting: (() => void)[] = [];
  readonly #headRoom: number;
  #piece: Uint8Array;
  #begin: number;
  #end: number;

  /** Behind another one, to which nothing is added any more. `headRoom`: bytes for what is to be put in front of the records. */
  constructor(before: RecordBatch | undefined, headRoom: number) {
    this.#headRoom = headRoom;
    this.#piece = before === undefined ? new Uint8Array(0) : before.#piece;
    this.#begin = before === undefined ? 0 : before.#end;
    this.#end = this.#begin + headRoom;
  }

  /** With the room for what is in front. */
  get bytes(): number {
    return this.#end - this.#begin;
  }

  get reached(): Promise<void> {
    return new Promise((resolve) => this.whenReached(resolve));
  }

  whenReached(callback: () => void): void {
    if (this.isReached) callback();
    else this.#waiting.push(callback);
  }

  reach(): void {
    this.isReached = true;
    for (const callback of this.#waiting.splice(0)) callback();
  }

  add(record: JournalRecord): AppendedRecord {
    return this.#keep(record, this.#put(record));
  }

  /** Undefined, and not added: it would then have more than `bytesMax`. */
  addWithin(bytesMax: number, record: JournalRecord): AppendedRecord | undefined {
    const bytes = this.#put(record);
    return this.bytes + bytes > bytesMax ? undefined : this.#keep(record, bytes);
  }

  /** All of it, behind `head`. Nothing is added any more. */
  finish(head: Uint8Array): Uint8Array {
    // More is said there than when the batch began.
    if (head.length > this.#headRoom) {
      return Buffer.concat([head, this.#piece.subarray(this.#begin + this.#headRoom, this.#end)]);
    }
    const begin = this.#begin + this.#headRoom - head.length;
    this.#piece.set(head, begin);
    return this.#piece.subarray(begin, this.#end);
  }

  /** The record that begins so many bytes behind the beginning. */
  read(at: number): JournalRecord {
    return decodeField(JournalRecordSchema, this.#piece.subarray(this.#begin + at, this.#end));
  }

  /** Of a record that was put behind the others, as far as there was room. */
  #keep(record: JournalRecord, bytes: number): AppendedRecord {
    if (this.#end + bytes > this.#piece.length) {
      this.#move(bytes);
      this.#put(record);
    }
    const kept = new BatchedRecord(this, this.bytes);
    this.#end += bytes;
    return kept;
  }

  #put(record: JournalRecord): number {
    return encodeFieldInto(this.#piece, this.#end, recordsField, JournalRecordSchema, record);
  }

  /** To a piece of its own, with room for so much more. */
  #move(bytes: number): void {
    const piece = new Uint8Array(Math.max(pieceBytes, 2 * (this.bytes + bytes)));
    if (this.bytes > this.#headRoom) piece.set(this.#piece.subarray(this.#begin, this.#end));
    this.#end = this.bytes;
    this.#begin = 0;
    this.#piece = piece;
  }
}

class BatchedRecord implements AppendedRecord {
  readonly #batch: RecordBatch;
  readonly #at: number;

  constructor(batch: RecordBatch, at: number) {
    this.#batch = batch;
    this.#at = at;
  }

  get isReached(): boolean {
    return this.#batch.isReached;
  }

  get reached(): Promise<void> {
    return this.#batch.reached;
  }

  whenReached(callback: () => void): void {
    this.#batch.whenReached(callback);
  }

  read(): JournalRecord {
    return this.#batch.read(this.#at);
  }
}
