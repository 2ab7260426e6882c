/** What the backlog needs to know of an execution. */
interface Waiting {
  readonly id: string;
  readonly runId: string;
  readonly priority: number;
}

/** The executions of one run, by id, first come first. */
type Line<T> = Map<string, T>;

/** One turn in so many is of the one that has waited longest, whatever its priority. */
export const turnsPerOldest = 8;

/**
 * The executions of one pool that wait for a slot. Those that had a slot before go first, then those of the highest
 * priority. Among equals the runs take turns, so that one run's hundred thousand executions do not starve another's ten;
 * within a run, first come is first served. So that nobody starves below others' priorities, every eighth turn is of the
 * one that has waited longest.
 */
export class Backlog<T extends Waiting> {
  readonly #returned = new Map<string, T>();
  /** By priority, the runs with the one first whose turn it is. No priority is without runs, no run without executions. */
  readonly #levels = new Map<number, Map<string, Line<T>>>();
  /** The priorities there are, highest first. */
  #priorities: number[] = [];
  /** All of them but the returned, oldest first. */
  readonly #waiting = new Map<string, T>();
  #turns = 0;

  get size(): number {
    return this.#returned.size + this.#waiting.size;
  }

  /** The one that has waited longest, or had a slot before. */
  get oldest(): T | undefined {
    return firstOf(this.#returned) ?? firstOf(this.#waiting);
  }

  /** Puts a new one behind the others of its run. */
  push(execution: T): void {
    const { id, runId, priority } = execution;
    this.#waiting.set(id, execution);
    let runs = this.#levels.get(priority);
    if (runs === undefined) {
      runs = new Map();
      this.#levels.set(priority, runs);
      this.#priorities = [...this.#levels.keys()].sort((a, b) => b - a);
    }
    const line = runs.get(runId);
    if (line === undefined) runs.set(runId, new Map([[id, execution]]));
    else line.set(id, execution);
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
    const next = this.#isTurnOfOldest() ? firstOf(this.#waiting) : this.#next();
    if (next !== undefined) this.#remove(next, true);
    return next;
  }

  /** Takes one out, wherever it is. False when it is not here. */
  remove({ id }: Pick<Waiting, "id">): boolean {
    if (this.#returned.delete(id)) return true;
    const execution = this.#waiting.get(id);
    if (execution === undefined) return false;
    this.#remove(execution, false);
    return true;
  }

  #isTurnOfOldest(): boolean {
    if (this.#priorities.length < 2) return false;
    this.#turns = (this.#turns + 1) % turnsPerOldest;
    return this.#turns === 0;
  }

  #next(): T | undefined {
    const runs = this.#levels.get(this.#priorities[0] ?? 0);
    const line = runs === undefined ? undefined : firstOf(runs);
    return line === undefined ? undefined : firstOf(line);
  }

  /** `hadTurn`: its run's next turn comes after everybody else's. */
  #remove({ id, runId, priority }: T, hadTurn: boolean): void {
    this.#waiting.delete(id);
    const runs = this.#levels.get(priority);
    const line = runs?.get(runId);
    if (runs === undefined || line === undefined) return;
    line.delete(id);
    if (hadTurn || line.size === 0) runs.delete(runId);
    if (hadTurn && line.size > 0) runs.set(runId, line);
    if (runs.size > 0) return;
    this.#levels.delete(priority);
    this.#priorities = this.#priorities.filter((other) => other !== priority);
  }
}

function firstOf<T>(map: ReadonlyMap<string, T>): T | undefined {
  for (const value of map.values()) return value;
  return undefined;
}
