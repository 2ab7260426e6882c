import { create } from "@bufbuild/protobuf";
import type { Clock } from "@hearth/clock";
import { LogBatchSchema, LogEntrySchema, type LogBatch, type LogEntry } from "@hearth/proto";
import { attemptOutputBytesMax, type Frame } from "@hearth/runner-protocol";
import { toStream } from "../io/translate.ts";

const flushAfterMs = 100;
const retryAfterMs = 250;
const batchBytesMax = 64 * 1024;
const lineBytesMax = 16 * 1024;
/** What a line takes beside its text. */
const lineOverheadBytes = 128;
/** What may wait for NATS. */
const waitingBytesMax = 8 * 1024 * 1024;

type Stream = "stdout" | "stderr";

/** What one attempt prints, cut into lines. */
export interface AttemptOutput {
  take(frame: Extract<Frame, { kind: "log" }>): void;
  /** Lets out the lines that have no end yet, and says how much was dropped. */
  end(): void;
}

/**
 * Gathers what tasks print into batches and publishes them one at a time. What an attempt prints beyond 1 MiB is dropped, and
 * so is what NATS does not take in time; a line says when that begins, and one how much it was.
 */
export class OutputCollector {
  readonly #clock: Clock;
  readonly #publish: (batch: LogBatch, id: string) => Promise<void>;
  readonly #replicaId: string;
  #entries: LogEntry[] = [];
  #bytes = 0;
  #batches = 0;
  #flushIsDue = false;
  #closed = false;
  #publishing: Promise<void> | undefined;

  constructor(options: {
    readonly clock: Clock;
    readonly replicaId: string;
    /** Settled when the batch is taken; it is given again, with the same id, when that failed. */
    readonly publish: (batch: LogBatch, id: string) => Promise<void>;
  }) {
    this.#clock = options.clock;
    this.#replicaId = options.replicaId;
    this.#publish = options.publish;
  }

  attempt(of: { readonly runId: string; readonly executionId: string; readonly attempt: number }): AttemptOutput {
    const partial = { stdout: "", stderr: "" };
    const dropped = { here: 0, inRunner: 0, said: false };
    let printed = 0;
    const add = (stream: Stream, text: string): void => {
      const { executionId, attempt } = of;
      const line = { executionId, attempt, unixMs: this.#clock.now(), stream, text };
      this.#add(create(LogEntrySchema, { runId: of.runId, line }));
    };
    const sayDropping = (): void => {
      if (dropped.said) return;
      dropped.said = true;
      // Lines like this one are few, and have some room of their own.
      if (this.#bytes < 2 * waitingBytesMax)
        add(
          "stderr",
          "... from here on output is dropped: an attempt may print 1 MiB, and no faster than it can be stored",
        );
    };
    const addLine = (stream: Stream, text: string): void => {
      printed += text.length + 1;
      if (printed <= attemptOutputBytesMax && this.#bytes < waitingBytesMax) return add(stream, text);
      dropped.here += text.length + 1;
      sayDropping();
    };
    const write = (stream: Stream, text: string): void => {
      // Only what is new is searched: a line may come a character at a time.
      const [first = "", ...others] = text.split("\n");
      const lines = [partial[stream] + first, ...others];
      const rest = pieces(lines.pop() ?? "");
      partial[stream] = rest.pop() ?? "";
      for (const line of lines) for (const piece of pieces(line)) addLine(stream, piece);
      for (const piece of rest) addLine(stream, piece);
    };
    return {
      take({ header, body }) {
        write(toStream(header.stream), Buffer.from(body).toString("utf8"));
        if (!Number.isSafeInteger(header.dropped)) return;
        dropped.inRunner = header.dropped ?? 0;
        sayDropping();
      },
      end: () => {
        for (const stream of ["stdout", "stderr"] as const) {
          if (partial[stream] !== "") addLine(stream, partial[stream]);
          partial[stream] = "";
        }
        const bytes = dropped.here + dropped.inRunner;
        if (bytes > 0 && this.#bytes < 2 * waitingBytesMax) add("stderr", `... ${bytes} bytes of output were dropped`);
      },
    };
  }

  /** Publishes what is gathered, but tries for no longer than `patienceMs`. Nothing is published afterwards. */
  async close(patienceMs: number): Promise<void> {
    const patience = Promise.withResolvers<void>();
    const timer = this.#clock.after(patienceMs, patience.resolve);
    await Promise.race([patience.promise, this.#publishAll()]);
    timer.cancel();
    this.#closed = true;
  }

  #add(entry: LogEntry): void {
    this.#entries.push(entry);
    this.#bytes += sizeOf(entry);
    if (this.#bytes >= batchBytesMax) this.#startPublishing();
    else this.#flushSoon();
  }

  #flushSoon(): void {
    if (this.#flushIsDue) return;
    this.#flushIsDue = true;
    this.#clock.after(flushAfterMs, () => {
      this.#flushIsDue = false;
      this.#startPublishing();
    });
  }

  #startPublishing(): void {
    this.#publishing ??= this.#publishFull().finally(() => {
      this.#publishing = undefined;
      if (this.#entries.length > 0) this.#flushSoon();
    });
  }

  /** One batch, and more as long as they are full. */
  async #publishFull(): Promise<void> {
    do await this.#publishBatch();
    while (this.#bytes >= batchBytesMax);
  }

  async #publishAll(): Promise<void> {
    while (this.#entries.length > 0 || this.#publishing !== undefined) {
      this.#startPublishing();
      await this.#publishing;
    }
  }

  async #publishBatch(): Promise<void> {
    let [count, bytes] = [0, 0];
    for (; count < this.#entries.length && bytes < batchBytesMax; count++) bytes += sizeOf(this.#entries[count]);
    if (count === 0) return;
    const batch = create(LogBatchSchema, { replicaId: this.#replicaId, entries: this.#entries.slice(0, count) });
    const id = `${this.#replicaId} ${++this.#batches}`;
    while (!this.#closed) {
      try {
        await this.#publish(batch, id);
        break;
      } catch {
        // NATS is away. It comes back, or the replica ends.
        await new Promise<void>((resolve) => void this.#clock.after(retryAfterMs, resolve));
      }
    }
    this.#entries = this.#entries.slice(count);
    this.#bytes -= bytes;
  }
}

function sizeOf(entry: LogEntry | undefined): number {
  return lineOverheadBytes + (entry?.line?.text.length ?? 0);
}

/** The text in pieces of the longest line there is. Of an empty one there is one. */
function pieces(text: string): string[] {
  const found = [];
  let at = 0;
  for (; at + lineBytesMax < text.length; at += lineBytesMax) found.push(text.slice(at, at + lineBytesMax));
  found.push(text.slice(at));
  return found;
}
