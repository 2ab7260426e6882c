/** The executions of one pool that wait for a slot, first come first served. Those that had a slot before go first. */
export class Backlog<T extends { readonly id: string }> {
  readonly #returned = new Map<string, T>();
  readonly #waiting = new Map<string, T>();

  get size(): number {
    return this.#returned.size + this.#waiting.size;
  }

  /** Puts a new one at the end. */
  push(execution: T): void {
    this.#waiting.set(execution.id, execution);
  }

  /** Puts one that lost its slot before all new ones. */
  giveBack(execution: T): void {
    this.#returned.set(execution.id, execution);
  }

  first(): T | undefined {
    for (const execution of this.#returned.values()) return execution;
    for (const execution of this.#waiting.values()) return execution;
    return undefined;
  }

  /** Takes one out, wherever it is. False when it is not here. */
  remove(id: string): boolean {
    return this.#returned.delete(id) || this.#waiting.delete(id);
  }
}
