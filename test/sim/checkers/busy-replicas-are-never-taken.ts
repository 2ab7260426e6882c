import type { Work } from "@hearth/simulation";
import type { NewChecker } from "./checker.ts";

/**
 * A replica that a TTL lets go has no attempts that the control plane could have known of, and no attempt is ended by the end
 * of a grace period: tasks here take much less, unless they wait for calls.
 */
export const busyReplicasAreNeverTaken: NewChecker = (world) => {
  const name = "busy-replicas-are-never-taken";
  return {
    name,
    observer: {
      controlPlaneDid(effect) {
        if (effect.kind !== "replicaChanged" || effect.replica.state !== "draining") return;
        const { id, endCause, announced } = effect.replica;
        if (endCause !== "IDLE_TTL" && endCause !== "SCALEDOWN_TTL") return;
        if (announced !== undefined && announced.busy + announced.lent > 0) {
          world.report(name, `${id} is let go by ${endCause} with ${announced.busy} attempts`);
        }
      },
      executionEnded(execution) {
        if ((execution.request as Work).calls.length > 0) return;
        const given = execution.attempts.find(({ end }) => end?.reason === "GRACE_PERIOD_OVER");
        if (given !== undefined) world.report(name, `attempt ${given.number} of ${execution.id} was ended by a drain`);
      },
    },
  };
};
