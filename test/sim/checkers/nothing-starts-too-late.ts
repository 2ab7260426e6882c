import type { NewChecker } from "./checker.ts";

/** Who has taken over hears of what has ended within 5 s, and a little more; of two that are taken over one after the other, in twice that. */
const settledWithinMs = 2 * 5_500;

/**
 * No attempt is sent out once its execution's deadline, which is its caller's too when that is sooner, has passed, nor found and let
 * go on for longer than it takes to hear whether it has ended.
 */
export const nothingStartsTooLate: NewChecker = (world) => {
  const name = "nothing-starts-too-late";
  const deadlines = new Map<string, number>();
  const foundLate = new Map<string, number>();
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
      attemptFound({ id }, { end }, router) {
        if (end === undefined && world.now() >= (deadlines.get(id) ?? Infinity)) {
          foundLate.set(`${id} at ${router}`, world.now());
        }
      },
      executionEnded({ id }, _end, router) {
        const lateMs = world.now() - (foundLate.get(`${id} at ${router}`) ?? Infinity);
        if (lateMs > settledWithinMs) world.report(name, `${router} let ${id} run ${lateMs} ms after its deadline`);
      },
    },
  };
};
