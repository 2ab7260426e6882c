import type { NewChecker } from "./checker.ts";

/** How long after its moment an order may come, and a replica go: announcements come every 50 ms, and drains take some. */
const slackMs = 1_000;

/**
 * No replica is let go by a TTL before it was idle for that long; and one second after an environment was idle for its idle
 * TTL it has none.
 */
export const idleReachesZeroOnTime: NewChecker = (world) => {
  const name = "idle-reaches-zero-on-time";
  let lastUseMs = 0;
  return {
    name,
    observer: {
      agentChanged(agent) {
        if (agent.live > 0) lastUseMs = world.now();
      },
      executionAccepted: () => void (lastUseMs = world.now()),
      executionEnded: () => void (lastUseMs = world.now()),
      controlPlaneDid(effect) {
        if (effect.kind !== "replicaChanged" || effect.replica.state !== "draining") return;
        const { id, endCause, announced, pool, environment } = effect.replica;
        // The pool of fresh replicas has its policy from routers, a little later.
        if (pool === `${environment}/fresh`) return;
        const { idleTtlMs, scaledownTtlMs } = world.policy();
        const ttlMs = endCause === "IDLE_TTL" ? idleTtlMs : endCause === "SCALEDOWN_TTL" ? scaledownTtlMs : 0;
        const idleSinceMs = announced?.idleSinceMs;
        if (ttlMs === 0 || idleSinceMs === undefined) return;
        const idleMs = world.now() - idleSinceMs;
        if (idleMs < ttlMs) world.report(name, `${id} goes by ${endCause ?? ""} after ${idleMs} ms of ${ttlMs} ms`);
      },
    },
    atRest() {
      const { idleTtlMs } = world.policy();
      const left = world.cluster.agents.length;
      const idleMs = world.now() - lastUseMs;
      if (left > 0 && idleMs > idleTtlMs + slackMs) {
        world.report(
          name,
          `${left} replicas are left ${idleMs} ms after the last use; the idle TTL is ${idleTtlMs} ms`,
        );
      }
    },
  };
};
