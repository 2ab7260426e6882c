import { HearthError } from "@hearth/errors";
import type { ExecutionHistory } from "../core/execution-history.ts";
import type { HistoryStore, RunHistory } from "../io/history-store.ts";

const recentMax = 1_000;

/** The history, and the runs that were just created and are still on their way into it. */
export class RunReader {
  readonly #store: HistoryStore;
  readonly #recent = new Map<string, RunHistory>();

  constructor(store: HistoryStore) {
    this.#store = store;
  }

  /** Remembers a run until the history has it, or until a thousand newer ones were created. */
  remember(run: RunHistory): void {
    this.#recent.set(run.root.id, run);
    const [oldest] = this.#recent.keys();
    if (this.#recent.size > recentMax && oldest !== undefined) this.#recent.delete(oldest);
  }

  async find(name: string): Promise<RunHistory | undefined> {
    const stored = await this.#store.getRun(name);
    if (stored === undefined) return this.#recent.get(name);
    this.#recent.delete(name);
    return stored;
  }

  /** Throws RUN_NOT_FOUND. */
  async get(name: string): Promise<RunHistory> {
    const run = await this.find(name);
    if (run === undefined) throw new HearthError("RUN_NOT_FOUND", `The history has no run "${name}".`);
    return run;
  }

  /** A page of the run's executions, oldest first; the root alone while nothing else is known. */
  async executions(
    run: RunHistory,
    query: Omit<Parameters<HistoryStore["listExecutions"]>[0], "runId">,
  ): Promise<readonly ExecutionHistory[]> {
    const stored = await this.#store.listExecutions({ ...query, runId: run.root.id });
    return stored.length === 0 && query.after === undefined ? [run.root] : stored;
  }
}
