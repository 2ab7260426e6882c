import type { FaultKind } from "../plan/plan-faults.ts";
import type { Ending } from "../plan/work.ts";
import type { Assignment } from "../plan/plan-work.ts";

/** All that a run of the suite saw, from outside of Hearth. Times are milliseconds since 1970. */
export interface Facts {
  readonly assignments: readonly Assignment[];
  readonly answers: readonly Answer[];
  readonly starts: readonly AttemptMark[];
  readonly ends: readonly AttemptMark[];
  readonly faults: readonly Fault[];
  readonly history: readonly HistoryEntry[];
}

/** What one ask for an assignment came to. */
export interface Answer {
  /** Name of the assignment's work. */
  readonly name: string;
  /** Which of the assignment's asks. */
  readonly ask: number;
  readonly askedMs: number;
  /** The execution it is about. Empty while no router has said so. */
  readonly executionId: string;
  /** Whether a router has said that it is accepted. */
  readonly wasAccepted: boolean;
  /** The outcomes the client was told, which ought to be one. */
  readonly endings: readonly Ending[];
  /** When the first of them came; 0 when none did. */
  readonly endedMs: number;
  /** How often it was asked, and what the last trouble was. */
  readonly tries: number;
  readonly lastTrouble: string;
}

/** A line that task code wrote when an attempt began, or when it was about to return or raise. */
export interface AttemptMark {
  readonly atMs: number;
  readonly executionId: string;
  readonly attempt: number;
  /** The work's name. */
  readonly name: string;
  readonly environment: string;
  /** The runner's. */
  readonly pid: number;
}

/** Something that was done to a process. */
export interface Fault {
  readonly atMs: number;
  readonly kind: FaultKind;
  readonly action: "kill" | "pause" | "restart";
  /** Which one, such as "router-2" or a replica's id. */
  readonly target: string;
  /** The processes that it was done to, and those that go with them. */
  readonly pids: readonly number[];
  /** How long a pause was to last; 0 of others. */
  readonly pausedMs: number;
  /** When the part was there again. */
  readonly overMs: number;
}

/** What the history says of an execution. */
export interface HistoryEntry {
  readonly executionId: string;
  /** Its run's root. */
  readonly runId: string;
  /** Undefined: it has not ended. */
  readonly ending: Ending | undefined;
  readonly attempts: number;
}
