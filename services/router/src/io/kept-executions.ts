import type { ExecutionRequest } from "@hearth/proto";
import { payloadBytesOf, type Attempt, type Execution, type ExecutionState } from "../core/execution.ts";
import type { Limits } from "../core/limits.ts";
import type { Mark } from "../core/replay-point.ts";
import { replayJournal } from "../core/replay-journal.ts";
import { toEntries } from "./journal-entries.ts";
import { carriedRecord } from "./journal-records.ts";
import type { AppendedRecord } from "./journal.ts";
import { RecordBatch } from "./record-batch.ts";

/** With larger arguments and results an execution stays as it is: to copy them would cost more than its objects do. */
const copiedBytesMax = 4 * 1024;

/**
 * Executions that have ended, each kept as the records of the journal that say all of it, which are read when somebody asks. As
 * objects one was some twenty-five, 1.9 KB together: what V8's collector did with a hundred thousand of those, copying each twice and
 * marking them all, cost a busy router a quarter of its processor time.
 */
export class KeptExecutions {
  /** Has what takes more than three records of the journal. */
  #copies: RecordBatch | undefined;

  /** The same execution in little memory. `ended`: the record of its end, which is in the journal, and who waited for that was told. */
  keep(execution: Execution, ended: AppendedRecord): Execution {
    const accepted = execution.accepted as AppendedRecord | undefined;
    const dispatched = execution.dispatched as AppendedRecord | undefined;
    const { attempts, state } = execution;
    if (accepted !== undefined && dispatched !== undefined && attempts.length === 1 && isEndOf(state, attempts[0]))
      return new KeptExecution(execution, accepted, dispatched, ended);
    if (payloadBytesOf(execution) > copiedBytesMax) return execution;
    this.#copies = new RecordBatch(this.#copies, 0);
    const copy = this.#copies.add(carriedRecord(execution, "", 0));
    return new KeptExecution(execution, copy, copy, copy);
  }
}

function isEndOf(state: ExecutionState, attempt: Attempt | undefined): boolean {
  return state.kind === "ended" && state.end === attempt?.end;
}

/** What was read last: who asks for one field of an execution asks for others. */
let lastRead: { readonly kept: KeptExecution; readonly execution: Execution } | undefined;

class KeptExecution implements Execution {
  readonly id: string;
  readonly idempotencyKey: string;
  mark: Mark | undefined;
  /** These together say all of it. One record may be several of them. */
  readonly #accepted: AppendedRecord;
  readonly #dispatched: AppendedRecord;
  readonly #ended: AppendedRecord;

  constructor(
    { id, idempotencyKey, mark }: Execution,
    accepted: AppendedRecord,
    dispatched: AppendedRecord,
    ended: AppendedRecord,
  ) {
    this.id = id;
    this.idempotencyKey = idempotencyKey;
    this.mark = mark;
    this.#accepted = accepted;
    this.#dispatched = dispatched;
    this.#ended = ended;
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

  get accepted(): undefined {
    return undefined;
  }

  get dispatched(): undefined {
    return undefined;
  }

  get line(): undefined {
    return undefined;
  }

  get before(): undefined {
    return undefined;
  }

  get after(): undefined {
    return undefined;
  }

  get turn(): undefined {
    return undefined;
  }

  get #all(): Execution {
    if (lastRead?.kept === this) return lastRead.execution;
    const records = new Set([this.#accepted, this.#dispatched, this.#ended]);
    const entries = [...records].flatMap((record) => toEntries(record.read(), () => true));
    const execution = replayJournal(entries).get(this.id);
    if (execution === undefined) throw new Error(`What is kept of execution ${this.id} cannot be read.`);
    lastRead = { kept: this, execution };
    return execution;
  }
}
