import type { NewChecker } from "./checker.ts";

/**
 * An execution ends once at its router, one end of it is ever written, whatever routers take over, and whoever asked for it
 * is told once.
 */
export const atMostOneResult: NewChecker = (world) => {
  const name = "at-most-one-result";
  const ended = new Set<string>();
  const written = new Set<string>();
  const delivered = new Set<string>();
  return {
    name,
    observer: {
      executionEnded({ id }, _end, router) {
        const at = `${id} at ${router}`;
        if (ended.has(at)) world.report(name, `execution ${at} ended twice`);
        ended.add(at);
      },
      endWritten(id, router) {
        if (written.has(id)) world.report(name, `${router} wrote a second end of execution ${id}`);
        written.add(id);
      },
      resultDelivered(id) {
        if (delivered.has(id)) world.report(name, `the result of ${id} was told twice`);
        delivered.add(id);
      },
    },
  };
};
