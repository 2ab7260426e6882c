/** What one execution of the chaos programs' task is to do, and by that what it must give. */
export interface Work {
  /** Unique in a run of the suite. */
  readonly name: string;
  readonly environment: string;
  readonly sleepMs: number;
  /** Letters that are sent along with the arguments. */
  readonly argumentLetters: number;
  /** Letters of its result. */
  readonly resultLetters: number;
  /** It raises, after its calls. */
  readonly fails: boolean;
  /** So many attempts of it raise before one does not, and the request allows for as many. */
  readonly failsFirst: number;
  /** It takes longer than it may: what bounds it, and at how many milliseconds. */
  readonly bound: { readonly by: "attempt" | "deadline"; readonly ms: number } | undefined;
  /** What it calls, all at once. */
  readonly calls: readonly Work[];
}

/** What the task gives for its calls: how much each one gave, or for what reason it gave nothing. */
export type CallResult =
  { readonly name: string; readonly letters: number } | { readonly name: string; readonly failed: string };

export interface WorkResult {
  readonly name: string;
  /** How many letters came with the arguments. */
  readonly received: number;
  readonly letters: string;
  readonly calls: readonly CallResult[];
}

/** How an execution ended, as a client was told. One that was lost has failed, as its phase says. */
export interface Ending {
  readonly outcome: "succeeded" | "failed" | "timed_out" | "cancelled";
  /** The registered reason when it did not succeed, else empty. */
  readonly reason: string;
  /** What it gave when it succeeded. */
  readonly result: unknown;
}

/** The letters of a result: its name and a dot, over and over. Both languages' programs make them like this. */
export function lettersOf({ name, resultLetters }: Work): string {
  const part = `${name}.`;
  return part.repeat(Math.ceil(resultLetters / part.length)).slice(0, resultLetters);
}

/**
 * Why the ending is not the one that the work must have; undefined when it is. `mayCrash` tells of which works a runner
 * was killed, which may end them with RUNNER_CRASHED.
 */
export function findWrong(work: Work, ending: Ending, mayCrash: (work: Work) => boolean): string | undefined {
  const said = `${ending.outcome}${ending.reason === "" ? "" : ` with ${ending.reason}`}`;
  if (ending.reason === "RUNNER_CRASHED" && mayCrash(work)) return undefined;
  if (work.bound !== undefined) {
    if (ending.outcome === "timed_out") return undefined;
    // Unless the call that it waits for in vain crashed before that.
    const mayGoOn = ending.outcome === "succeeded" && work.calls.some(mayCrash);
    return mayGoOn ? findWrongResult(work, ending.result as WorkResult, mayCrash) : `must time out, but ${said}`;
  }
  if (work.fails) {
    const isRight = ending.outcome === "failed" && ending.reason === "TASK_FAILED";
    return isRight ? undefined : `must fail with TASK_FAILED, but ${said}`;
  }
  if (ending.outcome !== "succeeded") return `must succeed, but ${said}`;
  return findWrongResult(work, ending.result as WorkResult, mayCrash);
}

function findWrongResult(work: Work, result: WorkResult, mayCrash: (work: Work) => boolean): string | undefined {
  if (result.name !== work.name) return `its result is that of ${result.name}`;
  if (result.received !== work.argumentLetters) {
    return `received ${result.received} letters of ${work.argumentLetters}`;
  }
  if (result.letters !== lettersOf(work)) return `gave ${result.letters.length} letters that are not the ones it must`;
  if (result.calls.length !== work.calls.length) return `tells of ${result.calls.length} of ${work.calls.length} calls`;
  for (const [index, call] of work.calls.entries()) {
    const told = result.calls[index];
    if (told?.name !== call.name) return `tells of ${told?.name ?? "nothing"} in place of ${call.name}`;
    const wrong = findWrongCall(call, told, mayCrash);
    if (wrong !== undefined) return `its call ${call.name} ${wrong}`;
  }
  return undefined;
}

function findWrongCall(call: Work, told: CallResult, mayCrash: (work: Work) => boolean): string | undefined {
  if ("failed" in told) {
    if (told.failed === "RUNNER_CRASHED" && mayCrash(call)) return undefined;
    return call.fails && told.failed === "TASK_FAILED" ? undefined : `failed with ${told.failed}`;
  }
  if (call.fails) return "succeeded, but must fail";
  return told.letters === call.resultLetters ? undefined : `gave ${told.letters} letters of ${call.resultLetters}`;
}

/** The work and all that it calls. */
export function allOf(work: Work): readonly Work[] {
  return [work, ...work.calls.flatMap(allOf)];
}

/** How long it takes when nothing has to wait. */
export function ownMs(work: Work): number {
  return work.bound?.ms ?? (work.failsFirst + 1) * (work.sleepMs + Math.max(0, ...work.calls.map(ownMs)));
}
