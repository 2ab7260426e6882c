import type { NewChecker } from "./checker.ts";

/**
 * Where nothing but a router dies, what was told of an execution stays as it was: the outcome, and the attempt and the replica that
 * it came from.
 */
export const whatWasToldStands: NewChecker = (world) => {
  const name = "what-was-told-stands";
  const ends = new Map<string, string>();
  const told = new Map<string, boolean>();
  return {
    name,
    observer: {
      executionEnded({ id, attempts }, { outcome }, router) {
        const last = attempts.at(-1);
        const end = `${outcome} by attempt ${last?.number ?? 0} on ${last?.replicaId ?? "no replica"}`;
        const before = ends.get(id) ?? end;
        if (told.has(id) && end !== before)
          world.report(name, `${id} was told as ${before}; at ${router} it is ${end}`);
        else ends.set(id, end);
      },
      resultDelivered: (id, succeeded) => void told.set(id, succeeded),
    },
    atRest() {
      for (const [id, succeeded] of told) {
        const known = world.cluster.routers
          .map((router) => router.hasSucceeded(id))
          .filter((each) => each !== undefined);
        if (known.length !== 1) world.report(name, `${id} was told, and is known to ${known.length} routers`);
        if (known.includes(!succeeded)) world.report(name, `${id} ended otherwise than was told`);
      }
    },
  };
};
