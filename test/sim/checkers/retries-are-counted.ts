import type { Attempt, Execution } from "@hearth/router/core";
import type { NewChecker } from "./checker.ts";
import { isTasksOwn } from "./is-tasks-own.ts";

/** No more attempts follow the task's own failures than were asked for. Those that were lost follow by themselves. */
export const retriesAreCounted: NewChecker = (world) => {
  const name = "retries-are-counted";
  const retries = new Map<string, number>();
  const check = ({ id, attempts }: Execution, next: Attempt): void => {
    const earlier = attempts.filter(({ number }) => number < next.number);
    const own = earlier.filter(({ end }) => end !== undefined && isTasksOwn(end)).length;
    const asked = retries.get(id) ?? Infinity;
    if (own > asked) world.report(name, `${id} is tried again after ${own} failures; ${asked} were asked for`);
  };
  return {
    name,
    observer: {
      executionAccepted({ id, limits }) {
        if (!retries.has(id)) retries.set(id, limits.retry?.retries ?? 0);
      },
      attemptDispatched: check,
      attemptFound: check,
    },
  };
};
