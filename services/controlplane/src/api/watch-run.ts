import type { MessageInitShape } from "@bufbuild/protobuf";
import type { Execution, Run, WatchRunResponseSchema } from "@hearth/proto";
import type { ChangeFeed, Changes } from "../io/change-feed.ts";
import type { HistoryStore, RunHistory } from "../io/history-store.ts";
import { executionToMessage } from "../io/wire/execution-message.ts";
import { pause } from "./pause.ts";
import type { RunReader } from "./run-history.ts";

/** Changes of a run that are this close together come as one. */
const coalesceMs = 20;
const pageMax = 500;

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

/** The executions that changed, in one message; all of the run's, in pages, when too many changed to name them. */
async function* changedExecutions(
  { runs, store }: { readonly runs: RunReader; readonly store: HistoryStore },
  run: RunHistory,
  changes: Changes,
): AsyncGenerator<Execution[], void> {
  if (changes !== "many") {
    yield (await store.getExecutions(changes)).map((execution) => executionToMessage(execution));
    return;
  }
  for (let after = undefined, more = true; more;) {
    const page = await runs.executions(run, { limit: pageMax, after });
    yield page.map((execution) => executionToMessage(execution));
    after = page.at(-1);
    more = page.length === pageMax;
  }
}
