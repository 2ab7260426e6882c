import type { Replica } from "@hearth/controlplane/core";
import type { NewChecker } from "./checker.ts";

/**
 * The control plane never asks for a replica of a version beyond the policy's maximum, but for one at a time that is to
 * replace another. Those of single use whose execution waits for its calls do not count; those that drain for another reason than their replacement count until they are gone.
 */
export const replicasWithinBounds: NewChecker = (world) => {
  const name = "replicas-within-bounds";
  /** By pool and version, those that were asked for and have not ended, whatever the control plane believes. */
  const present = new Map<string, Set<string>>();
  const keyOf = ({ pool, version }: Replica): string => `${pool} ${version}`;
  const count = (replica: Replica): number => {
    const ids = present.get(keyOf(replica)) ?? new Set();
    present.set(keyOf(replica), ids.add(replica.id));
    return ids.size;
  };
  const forget = (id: string): void => present.forEach((ids) => ids.delete(id));
  return {
    name,
    observer: {
      replicaCreated: (replica) => void count(replica),
      replicaGone: forget,
      controlPlaneDid(effect) {
        if (effect.kind === "replicaChanged" && effect.replica.state === "ended") {
          const { id } = effect.replica;
          if (!world.cluster.agents.some(({ replicaId }) => replicaId === id)) forget(id);
        }
        if (effect.kind !== "start") return;
        const { replica, policy } = effect;
        const really = count(replica);
        const isPlain = policy.recycling.afterExecutions === undefined && !policy.singleUse;
        if (isPlain && really > policy.maxReplicas) {
          world.report(name, `${really} replicas of ${keyOf(replica)} are really there; max is ${policy.maxReplicas}`);
        }
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
