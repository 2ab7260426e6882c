import { create } from "@bufbuild/protobuf";
import type { Clock } from "@hearth/clock";
import { LogBatchSchema, LogEntrySchema, type LogBatch, type LogEntry } from "@hearth/proto";

const flushAfterMs = 100;
const batchBytesMax = 64 * 1024;
const lineBytesMax = 16 * 1024;
const attemptBytesMax = 1024 * 1024;

/** What one attempt prints, cut into lines. */
export interface AttemptOutput {
  write(stream: "stdout" | "stderr", text: string): void;
  /** Lets out the lines that have no end yet. */
  end(): void;
}

/** Gathers what tasks print into batches. What an attempt prints beyond 1 MiB is dropped, and a line says so. */
export class OutputCollector {
  readonly #clock: Clock;
  readonly #publish: (batch: LogBatch) => void;
  readonly #replicaId: string;
  #entries: LogEntry[] = [];
  #bytes = 0;

  constructor(options: {
    readonly clock: Clock;
    readonly replicaId: string;
    readonly publish: (batch: LogBatch) => void;
  }) {
    this.#clock = options.clock;
    this.#replicaId = options.replicaId;
    this.#publish = options.publish;
  }

  attempt(of: { readonly runId: string; readonly executionId: string; readonly attempt: number }): AttemptOutput {
    const partial = { stdout: "", stderr: "" };
    let printed = 0;
    const line = (stream: "stdout" | "stderr", text: string): void => {
      if (printed > attemptBytesMax) return;
      printed += text.length + 1;
      const kept = printed > attemptBytesMax ? "... what the attempt printed beyond 1 MiB was dropped" : text;
      const { executionId, attempt } = of;
      this.#add(
        create(LogEntrySchema, {
          runId: of.runId,
          line: { executionId, attempt, unixMs: this.#clock.now(), stream, text: kept },
        }),
      );
    };
    return {
      write(stream, text) {
        const lines = `${partial[stream]}${text}`.split("\n");
        let rest = lines.pop() ?? "";
        for (const whole of lines) line(stream, whole.slice(0, lineBytesMax));
        while (rest.length > lineBytesMax) {
          line(stream, rest.slice(0, lineBytesMax));
          rest = rest.slice(lineBytesMax);
        }
        partial[stream] = rest;
      },
      end() {
        for (const stream of ["stdout", "stderr"] as const) {
          if (partial[stream] !== "") line(stream, partial[stream]);
          partial[stream] = "";
        }
      },
    };
  }

  /** Publishes what is gathered. */
  flush(): void {
    if (this.#entries.length === 0) return;
    const entries = this.#entries;
    this.#entries = [];
    this.#bytes = 0;
    this.#publish(create(LogBatchSchema, { replicaId: this.#replicaId, entries }));
  }

  #add(entry: LogEntry): void {
    if (this.#entries.push(entry) === 1) this.#clock.after(flushAfterMs, () => this.flush());
    this.#bytes += entry.line?.text.length ?? 0;
    if (this.#bytes >= batchBytesMax) this.flush();
  }
}
