import { findDuplicates } from "./duplicates.ts";
import type { Facts } from "./facts.ts";
import type { Checker } from "./finding.ts";
import { findHistoryDifferences } from "./history-differences.ts";
import { findLost } from "./lost.ts";
import { findDoubleCalls, findNeedlessReRuns, findReRuns } from "./re-runs.ts";
import { measureRecovery, type Recovery } from "./recovery.ts";
import { findWrongOutcomes } from "./wrong.ts";

/** What must not happen, by the word of the table. */
const rules = {
  lost: findLost,
  duplicates: findDuplicates,
  wrong: findWrongOutcomes,
  historyDifferences: findHistoryDifferences,
  needlessReRuns: findNeedlessReRuns,
  doubleCalls: findDoubleCalls,
} as const satisfies Record<string, Checker>;

export type Rule = keyof typeof rules;

export interface Account {
  readonly assignments: number;
  readonly asks: number;
  /** Assignments that a router has accepted. */
  readonly accepted: number;
  /** Assignments with an outcome. */
  readonly results: number;
  /** Executions whose task code began, those that others called among them. */
  readonly executions: number;
  /** How often task code began. */
  readonly attempts: number;
  readonly reRuns: Readonly<Record<string, number>>;
  /** Executions of which more than one attempt came to the end of the task, those aside that raise at first. */
  readonly ranToTheEndTwice: number;
  /** By kind and action. */
  readonly faults: Readonly<Record<string, number>>;
  readonly recovery: Recovery;
  readonly findings: Readonly<Record<Rule, readonly string[]>>;
  readonly ok: boolean;
}

/** Everything that a run of the suite has to say. */
export function account(facts: Facts): Account {
  const { assignments, answers, starts, ends, faults } = facts;
  const names = (of: typeof answers): number => new Set(of.map(({ name }) => name)).size;
  const findings = Object.fromEntries(
    Object.entries(rules).map(([rule, find]: [string, Checker]) => [rule, find(facts)]),
  ) as Record<Rule, readonly string[]>;
  const raisesFirst = new Set(assignments.filter(({ work }) => work.failsFirst > 0).map(({ work }) => work.name));
  const once = ends.filter(({ name }) => !raisesFirst.has(name));
  const endsOf = Map.groupBy(once, ({ executionId }) => executionId).values();
  return {
    assignments: assignments.length,
    asks: answers.length,
    accepted: names(answers.filter(({ wasAccepted }) => wasAccepted)),
    results: names(answers.filter(({ endings }) => endings.length > 0)),
    executions: new Set(starts.map(({ executionId }) => executionId)).size,
    attempts: starts.length,
    reRuns: count(findReRuns(facts).map(({ cause }) => cause)),
    ranToTheEndTwice: [...endsOf].filter((marks) => marks.length > 1).length,
    faults: count(faults.map(({ kind, action }) => `${kind} ${action}`)),
    recovery: measureRecovery(facts),
    findings,
    ok: Object.values(findings).every((found) => found.length === 0),
  };
}

function count(words: readonly string[]): Readonly<Record<string, number>> {
  const groups = [...Map.groupBy(words, (word) => word)].toSorted(([a], [b]) => a.localeCompare(b));
  return Object.fromEntries(groups.map(([word, all]) => [word, all.length]));
}
