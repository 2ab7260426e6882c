import type { SimulatedAgent } from "@hearth/simulation";
import type { NewChecker } from "./checker.ts";

/**
 * No attempt begins, and no waiting parent goes on, where that makes more attempts work at once than the replica has slots.
 * Counted by what runners do, not by what the slots say.
 */
export const slotsNeverExceeded: NewChecker = (world) => {
  const name = "slots-never-exceeded";
  const check = (agent: SimulatedAgent): void => {
    if (agent.working <= agent.total) return;
    world.report(name, `${agent.working} attempts work in ${agent.replicaId}, which has ${agent.total} slots`);
  };
  return {
    name,
    observer: {
      attemptWorked(agent, _executionId, _attempt, what) {
        if (what === "began") check(agent);
      },
      parentResuming(agent, _executionId, what) {
        if (what === "resumed") check(agent);
      },
    },
  };
};
