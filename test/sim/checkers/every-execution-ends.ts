import type { NewChecker } from "./checker.ts";

/** Once the faults have stopped, what routers have ends, and whoever asked for a root that was accepted hears how. */
export const everyExecutionEnds: NewChecker = (world) => {
  const name = "every-execution-ends";
  const open = new Map<string, string>();
  return {
    name,
    observer: {
      executionAccepted: ({ id }, router) => void open.set(id, router),
      executionEnded: ({ id }) => void open.delete(id),
    },
    atRest() {
      for (const [id, router] of open) {
        const has = world.cluster.routers.find((living) => living.hasOpen(id));
        if (has !== undefined) world.report(name, `execution ${id}, accepted by ${router}, has not ended at ${has.id}`);
      }
      for (const id of world.cluster.unanswered) world.report(name, `nobody was told how ${id} ended`);
    },
  };
};
