import { Line } from "./line.ts";

/** What the backlog needs to know of an execution. */
interface Waiting {
  readonly id: string;
  readonly runId: string;
  readonly priority: number;
}

/** The executions of one run, by id, first come first. Most runs have one that waits: it needs no line. */
type RunLine<T> = T | Line<T>;

/** One turn in so many is of the one that has waited longest, whatever its priority. */
export const turnsPerOldest = 8;

/**
 * The executions of one pool that wait for a slot. Those that had a slot before go first, then those of the highest
 * priority. Among equals the runs take turns, so that one run's hundred thousand executions do not starve another's ten;
 * within a run, first come is first served. So that nobody starves below others' priorities, every eighth turn is of the
 * one that has waited longest.
 */
export class Backlog<T extends Waiting> {
  readonly #returned = new Line<T>();
  /** By priority, the runs with the one first whose turn it is. No priority is without runs, no run without executions. */
  readonly #levels = new Map<number, Line<RunLine<T>>>();
  /** The priorities there are, highest first. */
  #priorities: number[] = [];
  /** All of them but the returned, oldest first. */
  readonly #waiting = new Line<T>();
  #turns = 0;

  get size(): number {
    return this.#returned.size + this.#waiting.size;
  }

  /** The one that has waited longest, or had a slot before. */
  get oldest(): T | undefined {
    return this.#returned.first ?? this.#waiting.first;
  }

  /** Puts a new one behind the others of its run. */
  push(execution: T): void {
    const { id, runId, priority } = execution;
    this.#waiting.put(id, execution);
    let runs = this.#levels.get(priority);
    if (runs === undefined) {
      runs = new Line();
      this.#levels.set(priority, runs);
      this.#priorities = [...this.#levels.keys()].sort((a, b) => b - a);
    }
    const line = runs.get(runId);
    if (line === undefined) return runs.put(runId, execution);
    const longer = toLine(line);
    longer.put(id, execution);
    runs.put(runId, longer);
  }

  /** Puts one that lost its slot before all new ones. */
  giveBack(execution: T): void {
    this.#returned.put(execution.id, execution);
  }

  /** Takes out whose turn it is. */
  take(): T | undefined {
    const returned = this.#returned.first;
    if (returned !== undefined) {
      this.#returned.delete(returned.id);
      return returned;
    }
    const next = this.#isTurnOfOldest() ? this.#waiting.first : this.#next();
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
    const line = this.#levels.get(this.#priorities[0] ?? 0)?.first;
    return line instanceof Line ? line.first : line;
  }

  /** `hadTurn`: its run's next turn comes after everybody else's. */
  #remove({ id, runId, priority }: T, hadTurn: boolean): void {
    this.#waiting.delete(id);
    const runs = this.#levels.get(priority);
    const line = runs?.get(runId);
    if (runs === undefined || line === undefined) return;
    const isEmpty = line instanceof Line ? line.delete(id) && line.size === 0 : true;
    if (hadTurn || isEmpty) runs.delete(runId);
    if (hadTurn && !isEmpty) runs.put(runId, line);
    if (runs.size > 0) return;
    this.#levels.delete(priority);
    this.#priorities = this.#priorities.filter((other) => other !== priority);
  }
}

function toLine<T extends Waiting>(line: RunLine<T>): Line<T> {
  if (line instanceof Line) return line;
  const longer = new Line<T>();
  longer.put(line.id, line);
  return longer;
}
