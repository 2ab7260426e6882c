/** An execution in the JSON form that `hearth executions --json` prints, as far as the demo reads it. */
export interface ExecutionDocument {
  readonly phase: string;
  readonly acceptedUnixMs: number;
  readonly endedUnixMs: number;
  readonly attempts: readonly AttemptDocument[];
}

interface AttemptDocument {
  readonly runnerPid: number;
  readonly cold: boolean;
  readonly dispatchedUnixMs: number;
  readonly endedUnixMs: number;
}

/** What a program's executions tell about reuse. */
export interface Figures {
  readonly executions: number;
  readonly failed: number;
  /** Different warm processes that served them, by their ids on this machine. */
  readonly runners: number;
  /** From the call of the execution that first waited for a replica to its result, in milliseconds. */
  readonly coldMs: number | undefined;
  /** Median of all that found their replica warm, from getting a slot to the result, in milliseconds. */
  readonly warmMs: number | undefined;
}

export function measure(executions: readonly ExecutionDocument[]): Figures {
  const inOrder = executions.toSorted((a, b) => a.acceptedUnixMs - b.acceptedUnixMs);
  const attempts = inOrder.flatMap((execution) => execution.attempts);
  const firstCold = inOrder.find((execution) => execution.attempts.at(-1)?.cold);
  const warm = attempts.filter((attempt) => !attempt.cold && attempt.endedUnixMs > 0);
  return {
    executions: executions.length,
    failed: executions.filter((execution) => execution.phase !== "EXECUTION_PHASE_SUCCEEDED").length,
    runners: new Set(attempts.map((attempt) => attempt.runnerPid)).size,
    coldMs: firstCold === undefined ? undefined : firstCold.endedUnixMs - firstCold.acceptedUnixMs,
    warmMs: median(warm.map((attempt) => attempt.endedUnixMs - attempt.dispatchedUnixMs)),
  };
}

function median(values: readonly number[]): number | undefined {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle];
  const lower = sorted[middle - 1];
  return sorted.length % 2 === 1 || upper === undefined || lower === undefined ? upper : (lower + upper) / 2;
}
