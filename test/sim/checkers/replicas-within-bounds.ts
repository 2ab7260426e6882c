import type { NewChecker } from "./checker.ts";

/**
 * The control plane never asks for a replica of a version beyond the policy's maximum, but for one at a time that is to
 * replace another. Those of single use whose execution waits for its calls do not count; those that drain for another reason than their replacement count until they are gone.
 */
export const replicasWithinBounds: NewChecker = (world) => {
  const name = "replicas-within-bounds";
  return {
    name,
    observer: {
      controlPlaneDid(effect) {
        if (effect.kind !== "start") return;
        const { replica, policy } = effect;
        const pool = world.cluster.pools(replica.environment).find((one) => one.name === replica.pool);
        const live = (pool?.replicas ?? []).filter(
          ({ version, state, announced }) =>
            version === replica.version &&
            state !== "draining" &&
            !(policy.singleUse && announced?.busy === 0 && announced.lent > 0),
        );
        const bound = policy.maxReplicas + 1;
        const settled = live.filter(
          ({ replaces }) => replaces === undefined || !live.some(({ id }) => id === replaces),
        );
        if (live.length > bound || settled.length > policy.maxReplicas) {
          world.report(
            name,
            `${replica.pool} has ${live.length} replicas of ${replica.version}; max is ${policy.maxReplicas}`,
          );
        }
      },
    },
  };
};
