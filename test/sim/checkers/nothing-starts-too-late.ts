import type { NewChecker } from "./checker.ts";

/** No attempt is sent out once its execution's deadline, which is its caller's too when that is sooner, has passed. */
export const nothingStartsTooLate: NewChecker = (world) => {
  const name = "nothing-starts-too-late";
  const deadlines = new Map<string, number>();
  return {
    name,
    observer: {
      executionAccepted({ id, parentId, limits }) {
        const deadline = Math.min(limits.deadline, deadlines.get(parentId) ?? Infinity);
        if (deadline < Infinity && !deadlines.has(id)) deadlines.set(id, deadline);
      },
      attemptDispatched({ id }, { number }, router) {
        const lateMs = world.now() - (deadlines.get(id) ?? Infinity);
        if (lateMs >= 0) world.report(name, `${router} sent ${id}#${number} out ${lateMs} ms after its deadline`);
      },
    },
  };
};
