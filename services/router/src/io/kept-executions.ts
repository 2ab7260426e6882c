import { CarriedSchema, decodeMessage, encodeMessageInto, type ExecutionRequest } from "@hearth/proto";
import { payloadBytesOf, type Attempt, type Execution, type ExecutionState } from "../core/execution.ts";
import type { Limits } from "../core/limits.ts";
import type { Mark } from "../core/replay-point.ts";
import type { Running } from "../core/running.ts";
import { toExecution } from "./journal-entries.ts";
import { toCarried } from "./journal-records.ts";

/** Records lie side by side in pieces of this size. */
const pieceBytes = 64 * 1024;
/** With larger arguments and results an execution stays as it is: to copy them would cost more than its objects do. */
const payloadBytesMax = 4 * 1024;

/**
 * Executions that have ended, each kept as the bytes of one record, which is read when somebody asks. As objects one was some
 * twenty-five, 1.9 KB together: what V8's collector did with a hundred thousand of those, copying each twice and marking
 * them all, cost a busy router a quarter of its processor time.
 */
export class KeptExecutions {
  #piece = new Uint8Array(0);
  #used = 0;

  /** The same execution in little memory. It has ended, and who waited for that was told. */
  keep(execution: Execution): Execution {
    if (payloadBytesOf(execution) > payloadBytesMax) return execution;
    const carried = toCarried(execution, "");
    let bytes = encodeMessageInto(this.#piece, this.#used, CarriedSchema, carried);
    if (this.#used + bytes > this.#piece.length) {
      this.#piece = new Uint8Array(Math.max(bytes, pieceBytes));
      this.#used = 0;
      bytes = encodeMessageInto(this.#piece, 0, CarriedSchema, carried);
    }
    const kept = new KeptExecution(execution, this.#piece, this.#used, bytes);
    this.#used += bytes;
    return kept;
  }
}

/** What was read last: who asks for one field of an execution asks for others. */
let lastRead: { readonly kept: KeptExecution; readonly execution: Execution } | undefined;

class KeptExecution implements Execution {
  readonly id: string;
  readonly idempotencyKey: string;
  mark: Mark | undefined;
  readonly #piece: Uint8Array;
  readonly #at: number;
  readonly #bytes: number;

  constructor({ id, idempotencyKey, mark }: Execution, piece: Uint8Array, at: number, bytes: number) {
    this.id = id;
    this.idempotencyKey = idempotencyKey;
    this.mark = mark;
    this.#piece = piece;
    this.#at = at;
    this.#bytes = bytes;
  }

  get runId(): string {
    return this.#all.runId;
  }

  get parentId(): string {
    return this.#all.parentId;
  }

  get environment(): string {
    return this.#all.environment;
  }

  get task(): string {
    return this.#all.task;
  }

  get pool(): string {
    return this.#all.pool;
  }

  get affinityKey(): string {
    return this.#all.affinityKey;
  }

  get priority(): number {
    return this.#all.priority;
  }

  get acceptedAt(): number {
    return this.#all.acceptedAt;
  }

  get argumentBytes(): number {
    return this.#all.argumentBytes;
  }

  get request(): ExecutionRequest {
    return this.#all.request as ExecutionRequest;
  }

  get limits(): Limits {
    return this.#all.limits;
  }

  get attempts(): readonly Attempt[] {
    return this.#all.attempts;
  }

  get state(): ExecutionState {
    return this.#all.state;
  }

  get isCancelled(): boolean {
    return this.#all.isCancelled;
  }

  get audience(): undefined {
    return undefined;
  }

  get runsIn(): Running | undefined {
    return undefined;
  }

  get runsBefore(): undefined {
    return undefined;
  }

  get runsAfter(): undefined {
    return undefined;
  }

  get #all(): Execution {
    if (lastRead?.kept === this) return lastRead.execution;
    const execution = toExecution(decodeMessage(CarriedSchema, this.#piece.subarray(this.#at, this.#at + this.#bytes)));
    if (execution === undefined) throw new Error(`What is kept of execution ${this.id} cannot be read.`);
    lastRead = { kept: this, execution };
    return execution;
  }
}
