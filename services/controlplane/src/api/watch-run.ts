import type { MessageInitShape } from "@bufbuild/protobuf";
import type { Execution, Run, WatchRunResponseSchema } from "@hearth/proto";
import type { ChangeFeed } from "../io/change-feed.ts";
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
  for await (const executions of options.executions ? allExecutions(runs, run) : []) {
    yield { run: toMessage(run), executions };
  }
  if (!options.executions) yield { run: toMessage(run) };
  while (run.root.outcome === "none") {
    const changed = await watch.next();
    if (changed === undefined) return;
    await pause(coalesceMs, signal);
    const ids = [...new Set([...changed, ...watch.drain()])];
    run = await runs.get(name);
    const executions = options.executions ? await options.store.getExecutions(ids) : [];
    yield { run: toMessage(run), executions: executions.map(executionToMessage) };
  }
}

async function* allExecutions(runs: RunReader, run: RunHistory): AsyncGenerator<Execution[], void> {
  for (let after = undefined, more = true; more;) {
    const page = await runs.executions(run, { limit: pageMax, after });
    yield page.map(executionToMessage);
    after = page.at(-1);
    more = page.length === pageMax;
  }
}
