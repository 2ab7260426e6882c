import type { Execution } from "./execution.ts";

/**
 * The executions whose live attempt this router sent to one replica: a list through the executions themselves, so that one leaves
 * without a search and thousands cost no lists.
 */
export class Running {
  #first: Execution | undefined;

  add(execution: Execution): void {
    execution.runsIn = this;
    execution.runsBefore = undefined;
    execution.runsAfter = this.#first;
    if (this.#first !== undefined) this.#first.runsBefore = execution;
    this.#first = execution;
  }

  /** Does nothing when it is not here. */
  delete(execution: Execution): void {
    if (execution.runsIn !== this) return;
    const { runsBefore, runsAfter } = execution;
    if (runsBefore === undefined) this.#first = runsAfter;
    else runsBefore.runsAfter = runsAfter;
    if (runsAfter !== undefined) runsAfter.runsBefore = runsBefore;
    execution.runsIn = undefined;
    execution.runsBefore = undefined;
    execution.runsAfter = undefined;
  }

  *[Symbol.iterator](): Iterator<Execution> {
    for (let execution = this.#first; execution !== undefined; execution = execution.runsAfter) yield execution;
  }
}
