import type { AttemptEnd } from "@hearth/router/core";
import type { NewChecker } from "./checker.ts";

/** No more attempts follow the task's own failures than were asked for. Those that were lost follow by themselves. */
export const retriesAreCounted: NewChecker = (world) => {
  const name = "retries-are-counted";
  const retries = new Map<string, number>();
  return {
    name,
    observer: {
      executionAccepted({ id, limits }) {
        if (!retries.has(id)) retries.set(id, limits.retry?.retries ?? 0);
      },
      attemptDispatched({ id, attempts }, next) {
        const earlier = attempts.filter(({ number }) => number < next.number);
        const own = earlier.filter(({ end }) => end !== undefined && isTasksOwn(end)).length;
        const asked = retries.get(id) ?? Infinity;
        if (own > asked) world.report(name, `${id} is tried again after ${own} failures; ${asked} were asked for`);
      },
    },
  };
};

function isTasksOwn({ outcome, reason, neighbours }: AttemptEnd): boolean {
  return outcome === "failed" || outcome === "timed_out" || (reason === "RUNNER_CRASHED" && neighbours === 0);
}
