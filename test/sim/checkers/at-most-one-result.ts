import type { NewChecker } from "./checker.ts";

/** An execution ends once, and whoever asked for it is told once. */
export const atMostOneResult: NewChecker = (world) => {
  const name = "at-most-one-result";
  const ended = new Set<string>();
  const delivered = new Set<string>();
  return {
    name,
    observer: {
      executionEnded({ id }) {
        if (ended.has(id)) world.report(name, `execution ${id} ended twice`);
        ended.add(id);
      },
      resultDelivered(id) {
        if (delivered.has(id)) world.report(name, `the result of ${id} was told twice`);
        delivered.add(id);
      },
    },
  };
};
