import type { SimulatedAgent } from "@hearth/simulation";
import type { NewChecker } from "./checker.ts";

/**
 * A parent whose child has ended gets a slot of its replica before any new attempt does, and in the end it always gets one.
 */
export const lendingNeverDeadlocks: NewChecker = (world) => {
  const name = "lending-never-deadlocks";
  const waiting = new Map<SimulatedAgent, Set<string>>();
  const parentsOf = (agent: SimulatedAgent): Set<string> => {
    const parents = waiting.get(agent) ?? new Set();
    waiting.set(agent, parents);
    return parents;
  };
  return {
    name,
    observer: {
      parentResuming(agent, executionId, what) {
        if (what === "waits") parentsOf(agent).add(executionId);
        else parentsOf(agent).delete(executionId);
      },
      attemptDispatchTaken(agent, executionId) {
        const parents = parentsOf(agent);
        if (parents.size === 0) return;
        world.report(
          name,
          `${executionId} took a slot of ${agent.replicaId} while ${[...parents].join()} waited for one`,
        );
      },
      attemptGone: (agent, executionId) => void parentsOf(agent).delete(executionId),
    },
    atRest() {
      for (const [agent, parents] of waiting) {
        if (agent.isAlive && parents.size > 0) {
          world.report(name, `${[...parents].join()} waits for a slot of ${agent.replicaId} for ever`);
        }
      }
    },
  };
};
