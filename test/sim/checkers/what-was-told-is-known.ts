import type { NewChecker } from "./checker.ts";

/**
 * An execution whose outcome was told is known to a router later, though its own router died before it had written it down, unless
 * the replica that had it went as well.
 */
export const whatWasToldIsKnown: NewChecker = (world) => {
  const name = "what-was-told-is-known";
  const told = new Set<string>();
  const replicaOf = new Map<string, string>();
  const gone = new Set<string>();
  return {
    name,
    observer: {
      attemptDispatched: ({ id }, { replicaId }) => void replicaOf.set(id, replicaId),
      attemptFound: ({ id }, { replicaId }) => void replicaOf.set(id, replicaId),
      resultDelivered: (id) => void told.add(id),
      replicaGone(id, unacknowledged) {
        if (unacknowledged > 0) gone.add(id);
      },
    },
    atRest() {
      for (const id of told) {
        if (gone.has(replicaOf.get(id) ?? "") || world.cluster.routers.some((router) => router.knows(id))) continue;
        world.report(name, `how ${id} ended was told, and no router knows of it`);
      }
    },
  };
};
