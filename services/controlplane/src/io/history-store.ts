import type { ExecutionHistory, Phase } from "../core/execution-history.ts";
import type { LogLine } from "../core/log-budget.ts";
import type { StreamPosition, PositionMove } from "../core/stream-position.ts";

/** A line and where it stood in its stream, so that taking it twice keeps it once. */
export interface PlacedLogLine extends LogLine {
  readonly sequence: number;
  readonly entry: number;
}

/** A line as it is kept, with a cursor that grows in the order of arrival. */
export interface StoredLogLine extends LogLine {
  readonly cursor: number;
}

export interface ExecutionQuery {
  readonly runId: string;
  readonly limit: number;
  /** Only those after this one, in the order of (acceptedMs, id). */
  readonly after?: ExecutionCursor | undefined;
}

export interface ExecutionCursor {
  readonly acceptedMs: number;
  readonly id: string;
}

export type PhaseCounts = Readonly<Record<Phase, number>>;

/** A root execution and how its run is going. */
export interface RunHistory {
  readonly root: ExecutionHistory;
  readonly counts: PhaseCounts;
}

/** A position is not where a move begins: another one has read those records too. Nothing was written. */
export class PositionMoved extends Error {
  constructor(stream: string) {
    super(`the history has gone on in ${stream} without this reader; nothing was written`);
    this.name = "PositionMoved";
  }
}

/**
 * Runs, executions, attempts and printed lines, and up to where the streams were read that they come from. What is written of a
 * stream moves its position: both or neither. `PositionMoved` says that it was made from what is out of date.
 */
export interface HistoryStore {
  /** Executions by id, results among them; unknown ones are left out. */
  getExecutions(ids: readonly string[]): Promise<readonly ExecutionHistory[]>;
  /** The same, results left out. */
  lookAtExecutions(ids: readonly string[]): Promise<readonly ExecutionHistory[]>;
  /** Writes executions with all their attempts. */
  putExecutions(executions: readonly ExecutionHistory[], move: PositionMove): Promise<void>;
  getRun(name: string): Promise<RunHistory | undefined>;
  /** Newest first, results left out; only those before the cursor in that order. */
  listRuns(query: {
    readonly environment?: string | undefined;
    readonly limit: number;
    readonly before?: ExecutionCursor | undefined;
  }): Promise<readonly RunHistory[]>;
  /** Oldest first, results left out. */
  listExecutions(query: ExecutionQuery): Promise<readonly ExecutionHistory[]>;
  /** Removes runs of which everything ended before a moment, with all that belongs to them; at most `limit`. Returns how many. */
  removeRuns(endedBeforeMs: number, limit: number): Promise<number>;
  /** Those of some stored payloads that are the arguments or the result of an execution. */
  namedPayloads(sha256s: readonly string[]): Promise<ReadonlySet<string>>;
  /** Keeps at most `linesMax` lines of each execution, and one more that says so. Returns the runs that got new lines. */
  addLogLines(lines: readonly PlacedLogLine[], linesMax: number, move: PositionMove): Promise<readonly string[]>;
  /** In the order of arrival, from after the cursor (0: the first). */
  readLogLines(query: {
    readonly runId: string;
    readonly executionId?: string | undefined;
    readonly after: number;
    readonly limit: number;
  }): Promise<readonly StoredLogLine[]>;
  /** Up to where a stream was read. */
  positionIn(stream: string): Promise<StreamPosition>;
  /** Lets a stream be read from its first record again. */
  rewind(stream: string): Promise<void>;
}
