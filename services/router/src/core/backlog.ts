/** What the backlog needs to know of an execution. */
interface Waiting {
  readonly id: string;
  readonly runId: string;
}

/**
 * The executions of one pool that wait for a slot. Those that had a slot before go first. The runs take turns, so that one
 * run's hundred thousand executions do not starve another's ten; within a run, first come is first served.
 */
export class Backlog<T extends Waiting> {
  readonly #returned = new Map<string, T>();
  /** By run, the run whose turn it is first. No run is without executions. */
  readonly #runs = new Map<string, Map<string, T>>();
  /** All of them but the returned, oldest first. */
  readonly #waiting = new Map<string, T>();

  get size(): number {
    return this.#returned.size + this.#waiting.size;
  }

  /** The one that has waited longest, or had a slot before. */
  get oldest(): T | undefined {
    return firstOf(this.#returned) ?? firstOf(this.#waiting);
  }

  /** Puts a new one behind the others of its run. */
  push(execution: T): void {
    this.#waiting.set(execution.id, execution);
    const run = this.#runs.get(execution.runId);
    if (run === undefined) this.#runs.set(execution.runId, new Map([[execution.id, execution]]));
    else run.set(execution.id, execution);
  }

  /** Puts one that lost its slot before all new ones. */
  giveBack(execution: T): void {
    this.#returned.set(execution.id, execution);
  }

  /** Takes out whose turn it is. */
  take(): T | undefined {
    const returned = firstOf(this.#returned);
    if (returned !== undefined) {
      this.#returned.delete(returned.id);
      return returned;
    }
    for (const [runId, run] of this.#runs) {
      const execution = firstOf(run);
      if (execution === undefined) break;
      this.#waiting.delete(execution.id);
      run.delete(execution.id);
      // Its next turn comes after everybody else's.
      this.#runs.delete(runId);
      if (run.size > 0) this.#runs.set(runId, run);
      return execution;
    }
    return undefined;
  }

  /** Takes one out, wherever it is. False when it is not here. */
  remove({ id, runId }: Waiting): boolean {
    if (this.#returned.delete(id)) return true;
    if (!this.#waiting.delete(id)) return false;
    const run = this.#runs.get(runId);
    run?.delete(id);
    if (run?.size === 0) this.#runs.delete(runId);
    return true;
  }
}

function firstOf<T>(map: ReadonlyMap<string, T>): T | undefined {
  for (const value of map.values()) return value;
  return undefined;
}
