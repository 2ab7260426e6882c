import type { NewChecker } from "./checker.ts";

/** What a router that lives has accepted ends once the faults have stopped. */
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
      const alive = new Set(world.cluster.routers.map(({ id }) => id));
      for (const [id, router] of open) {
        if (alive.has(router)) world.report(name, `execution ${id} of ${router} has not ended`);
      }
    },
  };
};
