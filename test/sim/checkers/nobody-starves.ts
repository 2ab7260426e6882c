import { turnsPerOldest } from "@hearth/router/core";
import type { NewChecker } from "./checker.ts";

/**
 * Whoever has waited longest in a pool is not passed over for ever: of the dispatches there, one in as many as there are
 * runs, and at least one in eight, is its. Those that had a slot before and lost it go first and do not count.
 */
export const nobodyStarves: NewChecker = (world) => {
  const name = "nobody-starves";
  /** By router and pool: who waits, oldest first, and how often the oldest was passed over. */
  const waiting = new Map<string, { readonly runs: Map<string, string>; passed: number; seenRuns: Set<string> }>();
  const lineOf = (router: string, pool: string) => {
    const key = `${router} ${pool}`;
    const line = waiting.get(key) ?? { runs: new Map<string, string>(), passed: 0, seenRuns: new Set<string>() };
    waiting.set(key, line);
    return line;
  };
  return {
    name,
    observer: {
      executionAccepted({ id, runId, pool }, router) {
        const line = lineOf(router, pool);
        line.runs.set(id, runId);
        line.seenRuns.add(runId);
      },
      attemptDispatched({ id, pool }, attempt, router) {
        const line = lineOf(router, pool);
        if (attempt.number > 1 || !line.runs.has(id)) return;
        const [oldest] = line.runs.keys();
        line.runs.delete(id);
        line.passed = oldest === id ? 0 : line.passed + 1;
        if (oldest === id) line.seenRuns = new Set(line.runs.values());
        const bound = Math.max(turnsPerOldest, line.seenRuns.size) * 2;
        if (line.passed > bound) {
          world.report(name, `execution ${oldest ?? ""} was passed over ${line.passed} times in ${pool}`);
        }
      },
      executionEnded({ id, pool }, _end, router) {
        const line = lineOf(router, pool);
        const [oldest] = line.runs.keys();
        // It ended while it waited. Whoever is the oldest now was not passed over as such.
        if (oldest === id) line.passed = 0;
        line.runs.delete(id);
      },
    },
  };
};
