import type { MessageInitShape } from "@bufbuild/protobuf";
import type { Execution, Run, WatchRunResponseSchema } from "@hearth/proto";
import type { ExecutionHistory, Failure } from "../core/execution-history.ts";
import type { ChangeFeed, Changes } from "../io/change-feed.ts";
import type { HistoryStore, RunHistory } from "../io/history-store.ts";
import { executionToMessage } from "../io/wire/execution-message.ts";
import { packs } from "./packs.ts";
import { pause } from "./pause.ts";
import type { RunReader } from "./run-history.ts";

/** Changes of a run that are this close together come as one. */
const coalesceMs = 20;
const pageMax = 500;

/** What an execution, or an attempt, takes beside the texts of its failure: names, ids and times. */
const bytesPerAttempt = 300;

/** The run now and after each change, until its root has ended. Throws RUN_NOT_FOUND. */
export async function* watchRun(options: {
  readonly runs: RunReader;
  readonly store: HistoryStore;
  readonly runFeed: ChangeFeed;
  readonly name: string;
  /** Also tell of executions. */
  readonly executions: boolean;
  readonly signal: AbortSignal;
  readonly toMessage: (run: RunHistory) => Run;
}): AsyncGenerator<MessageInitShape<typeof WatchRunResponseSchema>, void> {
  const { runs, name, signal, toMessage } = options;
  // Watching begins before reading, so that nothing falls between the two.
  using watch = options.runFeed.watch([name], signal);
  let run = await runs.get(name);
  for await (const executions of options.executions ? changedExecutions(options, run, "many") : [[]]) {
    yield { run: toMessage(run), executions };
  }
  while (run.root.outcome === "none") {
    const changed = await watch.next();
    if (changed === undefined) return;
    await pause(coalesceMs, signal);
    const both = merged(changed, watch.drain());
    run = await runs.get(name);
    for await (const executions of options.executions ? changedExecutions(options, run, both) : [[]]) {
      yield { run: toMessage(run), executions };
    }
  }
}

function merged(a: Changes, b: Changes): Changes {
  return a === "many" || b === "many" ? "many" : [...new Set([...a, ...b])];
}

/** The executions that changed, in messages of bounded size: all of the run's when too many changed to name them. */
async function* changedExecutions(
  { runs, store }: { readonly runs: RunReader; readonly store: HistoryStore },
  run: RunHistory,
  changes: Changes,
): AsyncGenerator<Execution[], void> {
  if (changes !== "many") {
    if (changes.length === 0) yield [];
    for (let from = 0; from < changes.length; from += pageMax) {
      yield* inMessages(await store.lookAtExecutions(changes.slice(from, from + pageMax)));
    }
    return;
  }
  for (let after = undefined, more = true; more;) {
    const page = await runs.executions(run, { limit: pageMax, after });
    yield* inMessages(page);
    after = page.at(-1);
    more = page.length === pageMax;
  }
}

function* inMessages(executions: readonly ExecutionHistory[]): Generator<Execution[], void> {
  for (const pack of packs(executions, bytesOf)) yield pack.map((execution) => executionToMessage(execution));
}

/** About what a message takes for it. */
function bytesOf({ failure, attempts }: ExecutionHistory): number {
  const failures = [failure, ...attempts.map((attempt) => attempt.failure)];
  return failures.reduce((sum, one) => sum + bytesPerAttempt + textLength(one), 0);
}

function textLength(failure: Failure | undefined): number {
  return failure === undefined ? 0 : failure.message.length + failure.traceback.length;
}
