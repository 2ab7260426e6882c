import type { JournalRecord } from "@hearth/proto";

/** The durable record of executions. */
export interface Journal {
  /** False while records are not being taken: then nothing new may be accepted. */
  readonly available: boolean;
  /** Adds a record. Resolves once it is durable; never rejects. Order is kept. */
  append(record: JournalRecord): Promise<void>;
  /** Waits for everything appended to be durable, for at most `graceMs`. */
  close(graceMs: number): Promise<void>;
}
