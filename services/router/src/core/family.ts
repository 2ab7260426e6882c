import type { Execution } from "./execution.ts";

/** Who called whom, of the executions that have not ended. */
export class Family {
  readonly #children = new Map<string, Set<Execution>>();

  add(child: Execution): void {
    if (child.parentId === "") return;
    const siblings = this.#children.get(child.parentId);
    if (siblings === undefined) this.#children.set(child.parentId, new Set([child]));
    else siblings.add(child);
  }

  /** The child has ended. */
  remove(child: Execution): void {
    const siblings = this.#children.get(child.parentId);
    if (siblings?.delete(child) === true && siblings.size === 0) this.#children.delete(child.parentId);
  }

  /** How many executions have children that have not ended. */
  get parents(): number {
    return this.#children.size;
  }

  /**
   * What an execution called, directly or through others that have not ended, the deepest first. `counts`: which of its own
   * calls, and what they called.
   */
  descendants(parentId: string, counts: (child: Execution) => boolean = () => true): Execution[] {
    const found = [...this.#childrenOf(parentId)].filter(counts);
    // Grows while it is read.
    for (const { id } of found) found.push(...this.#childrenOf(id));
    return found.reverse();
  }

  #childrenOf(parentId: string): Iterable<Execution> {
    return this.#children.get(parentId) ?? [];
  }
}
