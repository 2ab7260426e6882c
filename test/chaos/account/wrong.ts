import { findWrong, type Work } from "../plan/work.ts";
import type { Facts } from "./facts.ts";
import type { Checker } from "./finding.ts";

/** Every outcome is the one that the work must have. */
export const findWrongOutcomes: Checker = (facts) => {
  const works = new Map(facts.assignments.map(({ work }) => [work.name, work]));
  const begun = firstAsked(facts);
  return facts.answers.flatMap(({ name, ask, executionId, endings, endedMs }) => {
    const [ending] = endings;
    const work = works.get(name);
    if (ending === undefined || work === undefined) return [];
    const mayCrash = (one: Work): boolean => hadRunnerKilled(facts, one, begun.get(name) ?? 0, endedMs);
    const wrong = findWrong(work, ending, mayCrash);
    return wrong === undefined ? [] : [`ask ${ask} for ${name} (${executionId}) ${wrong}`];
  });
};

/** When each assignment was first asked for. */
function firstAsked({ answers }: Facts): ReadonlyMap<string, number> {
  const first = new Map<string, number>();
  for (const { name, askedMs } of answers) first.set(name, Math.min(first.get(name) ?? askedMs, askedMs));
  return first;
}

/** Whether a runner of the work's environment was killed meanwhile: that may be the end of whatever it had alone. */
function hadRunnerKilled({ faults }: Facts, { environment }: Work, fromMs: number, toMs: number): boolean {
  return faults.some(
    ({ kind, action, target, atMs }) =>
      kind === "runner" && action === "kill" && target.startsWith(`${environment}-`) && atMs >= fromMs && atMs <= toMs,
  );
}
