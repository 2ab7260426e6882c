/** How a runner's process ended. */
export interface RunnerDeath {
  readonly exitCode: number | undefined;
  readonly signal: string | undefined;
  /** What went wrong with it before, such as that it could not be started. Empty: nothing that is known. */
  readonly problem: string;
  /** The last lines it printed outside any task. */
  readonly lastOutput: string;
}

/** What is known of memory at a runner's end. */
export interface MemoryAtDeath {
  /** What it held when it was last looked at. 0 when not known. */
  readonly heldBytes: number;
  /** What it may hold. Undefined: the agent enforces no limit. */
  readonly limitBytes: number | undefined;
  /** Whether the agent ended it for holding more. */
  readonly endedByAgent: boolean;
  /** Whether the kernel ended a process of this container for want of memory since the runner's start. */
  readonly endedByKernel: boolean;
}

export interface DeathCause {
  readonly reason: "OUT_OF_MEMORY" | "RUNNER_CRASHED";
  /** What it died of, for a person. */
  readonly message: string;
}

/** What V8 prints before it aborts a process whose heap is full. */
const heapOutOfMemory = /heap out of memory|out of memory, malloc|MemoryChunk allocation failed/i;

/** What a runner died of. The first rule that applies decides. */
export function explainDeath(death: RunnerDeath, memory: MemoryAtDeath): DeathCause {
  const { heldBytes, limitBytes, endedByAgent, endedByKernel } = memory;
  if (endedByAgent) {
    const limit = limitBytes === undefined ? "" : `; the limit is ${mebibytes(limitBytes)}`;
    return outOfMemory(`it held ${mebibytes(heldBytes)}${limit}`, death);
  }
  if (endedByKernel && death.signal === "SIGKILL") {
    const held = heldBytes === 0 ? "" : `, which held ${mebibytes(heldBytes)} when it was last looked at`;
    return outOfMemory(`its container reached its memory limit and the kernel ended it${held}`, death);
  }
  if (death.signal === "SIGABRT" && heapOutOfMemory.test(death.lastOutput)) {
    return outOfMemory("the heap of its JavaScript engine was full", death);
  }
  const how = death.signal === undefined ? `exit code ${death.exitCode ?? "unknown"}` : `signal ${death.signal}`;
  const problem = death.problem === "" ? how : `${how}: ${death.problem}`;
  return { reason: "RUNNER_CRASHED", message: withOutput(problem, death) };
}

function outOfMemory(how: string, death: RunnerDeath): DeathCause {
  return { reason: "OUT_OF_MEMORY", message: withOutput(how, death) };
}

function withOutput(how: string, { lastOutput }: RunnerDeath): string {
  return lastOutput === "" ? how : `${how}. Its last output:\n${lastOutput}`;
}

function mebibytes(bytes: number): string {
  return `${Math.round(bytes / 2 ** 20)} MiB`;
}
