import type { NewChecker } from "./checker.ts";

/**
 * No attempt is sent out, or found and let go on, once its execution's deadline, which is its caller's too when that is
 * sooner, has passed.
 */
export const nothingStartsTooLate: NewChecker = (world) => {
  const name = "nothing-starts-too-late";
  const deadlines = new Map<string, number>();
  const check = (id: string, attempt: number, router: string): void => {
    const lateMs = world.now() - (deadlines.get(id) ?? Infinity);
    if (lateMs >= 0) world.report(name, `${router} lets ${id}#${attempt} run ${lateMs} ms after its deadline`);
  };
  return {
    name,
    observer: {
      executionAccepted({ id, parentId, limits }) {
        const deadline = Math.min(limits.deadline, deadlines.get(parentId) ?? Infinity);
        if (deadline < Infinity && !deadlines.has(id)) deadlines.set(id, deadline);
      },
      attemptDispatched: ({ id }, { number }, router) => check(id, number, router),
      attemptFound({ id }, { number, end }, router) {
        // One that has ended by then is not let run.
        if (end === undefined) check(id, number, router);
      },
    },
  };
};
