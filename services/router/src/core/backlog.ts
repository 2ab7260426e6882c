import { Line, type InLine } from "./line.ts";

/** What the backlog needs to know of an execution. */
interface Waiting<T extends InLine<T>> extends InLine<T> {
  readonly id: string;
  readonly runId: string;
  readonly priority: number;
  /** The backlog alone writes it. Undefined: it has no turn to wait for. */
  turn: Turn<T> | undefined;
}

/** One turn in so many is of the one that has waited longest, whatever its priority. */
export const turnsPerOldest = 8;

/**
 * The executions of one pool that wait for a slot. Those that had a slot before go first, then those of the highest
 * priority. Among equals the runs take turns, so that one run's hundred thousand executions do not starve another's ten;
 * within a run, first come is first served. A run's root has a turn of its own. So that nobody starves below others' priorities, every
 * eighth turn is of the one that has waited longest.
 */
export class Backlog<T extends Waiting<T>> {
  readonly #returned = new Line<T>();
  /** By priority, highest first. None is without turns. */
  #levels: Level<T>[] = [];
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
    this.#waiting.put(execution);
    this.#level(execution.priority).add(execution);
  }

  /** Puts one that lost its slot before all new ones. */
  giveBack(execution: T): void {
    this.#returned.put(execution);
  }

  /** Takes out whose turn it is. */
  take(): T | undefined {
    const returned = this.#returned.first;
    if (returned !== undefined) {
      this.#returned.delete(returned);
      return returned;
    }
    const next = this.#isTurnOfOldest() ? this.#waiting.first : this.#levels[0]?.next;
    if (next !== undefined) this.#remove(next, true);
    return next;
  }

  /** Takes one out, wherever it is. False when it is not here. */
  remove(execution: T): boolean {
    if (this.#returned.delete(execution)) return true;
    return this.#remove(execution, false);
  }

  #isTurnOfOldest(): boolean {
    if (this.#levels.length < 2) return false;
    this.#turns = (this.#turns + 1) % turnsPerOldest;
    return this.#turns === 0;
  }

  #level(priority: number): Level<T> {
    const known = this.#levels.find((level) => level.priority === priority);
    if (known !== undefined) return known;
    const level = new Level<T>(priority);
    this.#levels = [...this.#levels, level].sort((a, b) => b.priority - a.priority);
    return level;
  }

  #remove(execution: T, hadTurn: boolean): boolean {
    if (!this.#waiting.delete(execution)) return false;
    const level = this.#level(execution.priority);
    level.remove(execution, hadTurn);
    if (level.isEmpty) this.#levels = this.#levels.filter((other) => other !== level);
    return true;
  }
}

/** Executions of one priority. */
class Level<T extends Waiting<T>> {
  readonly priority: number;
  /** Whose turn comes first is first. */
  readonly #turns = new Line<Turn<T>>();
  /** The turns of runs whose calls wait, by run. */
  readonly #runs = new Map<string, Turn<T>>();

  constructor(priority: number) {
    this.priority = priority;
  }

  get isEmpty(): boolean {
    return this.#turns.size === 0;
  }

  get next(): T | undefined {
    const turn = this.#turns.first;
    return (turn?.calls?.first ?? turn)?.execution;
  }

  add(execution: T): void {
    const turn = new Turn(execution);
    execution.turn = turn;
    // The root of a run, of which there may be a hundred thousand: they are not looked for.
    if (execution.id === execution.runId) return this.#turns.put(turn);
    let run = this.#runs.get(execution.runId);
    if (run === undefined) {
      run = new Turn<T>(undefined, new Line());
      this.#runs.set(execution.runId, run);
      this.#turns.put(run);
    }
    run.calls?.put(turn);
  }

  /** `hadTurn`: its run's next turn comes after everybody else's. */
  remove(execution: T, hadTurn: boolean): void {
    const { turn, runId } = execution;
    if (turn === undefined) return;
    execution.turn = undefined;
    if (this.#turns.delete(turn)) return;
    turn.line?.delete(turn);
    const run = this.#runs.get(runId);
    if (run === undefined) return;
    const isOver = run.calls?.size === 0;
    if (isOver) this.#runs.delete(runId);
    if (hadTurn || isOver) this.#turns.delete(run);
    if (hadTurn && !isOver) this.#turns.put(run);
  }
}

/** A place in the order of turns: of one execution, or of a run for its calls, who have the run's turns one after the other. */
export class Turn<T> implements InLine<Turn<T>> {
  line: Line<Turn<T>> | undefined = undefined;
  before: Turn<T> | undefined = undefined;
  after: Turn<T> | undefined = undefined;
  readonly execution: T | undefined;
  readonly calls: Line<Turn<T>> | undefined;

  constructor(execution: T | undefined, calls?: Line<Turn<T>>) {
    this.execution = execution;
    this.calls = calls;
  }
}
