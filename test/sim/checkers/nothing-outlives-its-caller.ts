import type { NewChecker } from "./checker.ts";

/** At one router, nothing is sent out, or found and let go on, whose caller has ended there without success. */
export const nothingOutlivesItsCaller: NewChecker = (world) => {
  const name = "nothing-outlives-its-caller";
  const parents = new Map<string, string>();
  const ended = new Set<string>();
  const at = (id: string, router: string): string => `${id} at ${router}`;
  const check = (id: string, attempt: number, router: string): void => {
    const parent = parents.get(at(id, router));
    if (parent === undefined || !ended.has(parent)) return;
    world.report(name, `${router} lets ${id}#${attempt} run though ${parent}, which called it, had ended`);
  };
  return {
    name,
    observer: {
      executionAccepted({ id, parentId }, router) {
        if (parentId !== "") parents.set(at(id, router), at(parentId, router));
      },
      executionEnded({ id }, { outcome }, router) {
        if (outcome !== "succeeded") ended.add(at(id, router));
      },
      attemptDispatched: ({ id }, { number }, router) => check(id, number, router),
      attemptFound({ id }, { number, end }, router) {
        // One that has ended by then is not let run.
        if (end === undefined) check(id, number, router);
      },
    },
  };
};
