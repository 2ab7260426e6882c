import type { JournalRecord } from "@hearth/proto";
import type { Mark } from "../core/replay-point.ts";

/** Whether what was appended is durable. Records that become so together share it. */
export interface Durability {
  readonly isReached: boolean;
  /** Resolves when it is; never rejects. */
  readonly reached: Promise<void>;
  /** The same for the many: calls back when it is, in order, without a promise for each. */
  whenReached(callback: () => void): void;
}

/** A record that was appended. Its bytes are kept as long as it is. */
export interface AppendedRecord extends Durability {
  /** What it says. */
  read(): JournalRecord;
}

/** The durable record of a router's executions. Nobody else writes to it, but for who takes over and closes it. */
export interface Journal {
  /** False while records are not being taken: then nothing new may be accepted. */
  readonly available: boolean;
  /** What was appended and is not durable yet, in bytes. */
  readonly unwrittenBytes: number;
  /** When it was last known that nobody had taken over: milliseconds since 1970. */
  readonly ownAt: number;
  /**
   * Adds a record. Order is kept. `lingers`: nobody waits for it, so it is written with what comes next, or a few milliseconds
   * later.
   */
  append(record: JournalRecord, lingers?: "lingers"): AppendedRecord;
  /** Resolves once all that was appended so far is durable. */
  written(): Promise<void>;
  /** From now on its batches say that these routers were taken over, the latest last. */
  adopted(routerIds: readonly string[]): void;
  /** The record that is appended next says all that is known of an execution so far. */
  begin(): Mark;
  /** Nobody needs to read about an execution of that mark any more. */
  forget(mark: Mark): void;
  /** Executions of this mark are to be written again because they began so long ago. */
  straggler(): Mark | undefined;
  /** Waits for everything appended to be durable, for at most `graceMs`. */
  close(graceMs: number): Promise<void>;
}
