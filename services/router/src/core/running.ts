import type { Execution } from "./execution.ts";

/** The executions whose live attempt this router sent to one replica. Each knows its place here, and leaves without a search. */
export class Running {
  readonly #executions: Execution[] = [];

  add(execution: Execution): void {
    execution.place = this.#executions.push(execution) - 1;
  }

  /** Does nothing when it is not here. */
  delete(execution: Execution): void {
    const { place } = execution;
    if (this.#executions[place] !== execution) return;
    const last = this.#executions.pop();
    if (last === undefined || last === execution) return;
    this.#executions[place] = last;
    last.place = place;
  }

  [Symbol.iterator](): Iterator<Execution> {
    return this.#executions[Symbol.iterator]();
  }
}
