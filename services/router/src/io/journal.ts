import type { JournalRecord } from "@hearth/proto";

/** Whether what was appended is durable. Records that become so together share it. */
export interface Durability {
  readonly isReached: boolean;
  /** Resolves when it is; never rejects. */
  readonly reached: Promise<void>;
}

/** The durable record of a router's executions. Nobody else writes to it, but for who takes over and closes it. */
export interface Journal {
  /** False while records are not being taken: then nothing new may be accepted. */
  readonly available: boolean;
  /** When it was last known that nobody had taken over: milliseconds since 1970. */
  readonly ownAt: number;
  /**
   * Adds a record. Order is kept. `lingers`: nobody waits for it, so it is written with what comes next, or a few milliseconds
   * later.
   */
  append(record: JournalRecord, lingers?: "lingers"): Durability;
  /** Resolves once all that was appended so far is durable. */
  written(): Promise<void>;
  /** The record that is appended next says all that is known of the execution so far. */
  begin(executionId: string): void;
  /** Nobody needs to read about the execution any more. */
  forget(executionId: string): void;
  /** Executions to be written again because they began so long ago. */
  stragglers(): readonly string[];
  /** Waits for everything appended to be durable, for at most `graceMs`. */
  close(graceMs: number): Promise<void>;
}
