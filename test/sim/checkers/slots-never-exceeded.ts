import type { SimulatedAgent } from "@hearth/simulation";
import type { NewChecker } from "./checker.ts";

/**
 * No attempt begins, and no waiting parent goes on, where that makes more attempts work at once than the replica has slots.
 * Counted by what runners do, not by what the slots say. An attempt that was taken while there were more slots may begin.
 */
export const slotsNeverExceeded: NewChecker = (world) => {
  const name = "slots-never-exceeded";
  /** The slots there were when an execution's latest attempt was taken. */
  const totalWhenTaken = new Map<string, number>();
  const check = (agent: SimulatedAgent, total = agent.total): void => {
    if (agent.working <= Math.max(total, agent.total)) return;
    world.report(name, `${agent.working} attempts work in ${agent.replicaId}, which has ${agent.total} slots`);
  };
  return {
    name,
    observer: {
      attemptDispatchTaken: (agent, executionId) => void totalWhenTaken.set(executionId, agent.total),
      attemptWorked(agent, executionId, _attempt, what) {
        if (what === "began") check(agent, totalWhenTaken.get(executionId));
      },
      parentResuming(agent, _executionId, what) {
        if (what === "resumed") check(agent);
      },
    },
  };
};
