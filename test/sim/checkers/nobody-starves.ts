import { turnsPerOldest } from "@hearth/router/core";
import type { NewChecker } from "./checker.ts";
import { isTasksOwn } from "./is-tasks-own.ts";

/** Those that wait in one pool at one router. */
interface Waiting {
  /** Their runs, by id, the one that has waited longest first. */
  readonly runs: Map<string, string>;
  /** How often that one was passed over. */
  passed: number;
  seenRuns: Set<string>;
  /** Those that failed and have not begun to wait again. */
  readonly failed: Set<string>;
}

/**
 * Whoever has waited longest in a pool is not passed over for ever: of the dispatches there, one in as many as there are
 * runs, and at least one in eight, is its. Who is tried again after its own failure waits behind those that are there. Those
 * that lost their slot otherwise go first and do not count; nor does what a router finds on replicas, where another one had
 * sent it.
 */
export const nobodyStarves: NewChecker = (world) => {
  const name = "nobody-starves";
  const waiting = new Map<string, Waiting>();
  const waitingIn = (pool: string, router: string): Waiting => {
    const key = `${router} ${pool}`;
    const line = waiting.get(key) ?? { runs: new Map(), passed: 0, seenRuns: new Set(), failed: new Set() };
    waiting.set(key, line);
    return line;
  };
  const join = (line: Waiting, id: string, runId: string): void => {
    line.runs.set(id, runId);
    line.seenRuns.add(runId);
  };
  /** It waits no more, and was given no slot. Whoever is the oldest now was not passed over as such. */
  const leave = (line: Waiting, id: string): void => {
    const [oldest] = line.runs.keys();
    if (oldest === id) line.passed = 0;
    line.runs.delete(id);
    line.failed.delete(id);
  };
  return {
    name,
    observer: {
      executionAccepted: ({ id, runId, pool }, router) => join(waitingIn(pool, router), id, runId),
      attemptEnded({ id, pool }, end, router) {
        if (isTasksOwn(end)) waitingIn(pool, router).failed.add(id);
      },
      executionWaits({ id, runId, pool, state }, router) {
        const line = waitingIn(pool, router);
        const isResting = state.kind === "queued" && state.next !== undefined;
        if (!isResting && line.failed.delete(id)) join(line, id, runId);
      },
      attemptDispatched({ id, pool }, _attempt, router) {
        const line = waitingIn(pool, router);
        if (!line.runs.has(id)) return;
        const [oldest] = line.runs.keys();
        line.runs.delete(id);
        line.passed = oldest === id ? 0 : line.passed + 1;
        if (oldest === id) line.seenRuns = new Set(line.runs.values());
        const bound = Math.max(turnsPerOldest, line.seenRuns.size) * 2;
        if (line.passed > bound) {
          world.report(name, `execution ${oldest ?? ""} was passed over ${line.passed} times in ${pool}`);
        }
      },
      attemptFound: ({ id, pool }, _attempt, router) => leave(waitingIn(pool, router), id),
      executionEnded: ({ id, pool }, _end, router) => leave(waitingIn(pool, router), id),
    },
  };
};
