import type { FaultKind } from "../plan/plan-faults.ts";
import type { AttemptMark, Facts, Fault } from "./facts.ts";
import type { Checker } from "./finding.ts";

/** Why task code began again with an execution: what happened to its replica, else what happened elsewhere meanwhile. */
export type Cause = FaultKind | "it raised as it was to" | "unexplained";

export interface ReRun {
  readonly before: AttemptMark;
  readonly again: AttemptMark;
  readonly cause: Cause;
}

/** Something that just happened may show in what began a moment before. */
const slackMs = 1_000;

/** Every time task code began with an execution that it had begun with before. */
export function findReRuns({ assignments, starts, faults }: Facts): readonly ReRun[] {
  const failsFirst = new Map(assignments.map(({ work }) => [work.name, work.failsFirst]));
  const byExecution = Map.groupBy(starts, ({ executionId }) => executionId).values();
  return [...byExecution].flatMap((marks) => {
    const inOrder = marks.toSorted((a, b) => a.atMs - b.atMs);
    return inOrder.slice(1).map((again, index) => {
      const before = inOrder[index]!;
      const raised = before.attempt !== again.attempt && before.attempt <= (failsFirst.get(before.name) ?? 0);
      return { before, again, cause: raised ? "it raised as it was to" : findCause(before, again, faults) };
    });
  });
}

function findCause(before: AttemptMark, again: AttemptMark, faults: readonly Fault[]): Cause {
  const meanwhile = faults.filter(({ atMs, overMs }) => atMs <= again.atMs && overMs >= before.atMs - slackMs);
  const ownReplica = meanwhile.find(
    ({ kind, pids }) => (kind === "agent" || kind === "runner") && pids.includes(before.pid),
  );
  return (ownReplica ?? meanwhile.find(({ kind }) => kind !== "agent" && kind !== "runner"))?.kind ?? "unexplained";
}

/** Task code begins again only where the replica, its agent or its runner was at fault. */
export const findNeedlessReRuns: Checker = (facts) =>
  findReRuns(facts)
    .filter(({ cause }) => cause !== "agent" && cause !== "runner" && cause !== "it raised as it was to")
    .map(({ before, again, cause }) => {
      const when = `attempt ${before.attempt} at ${new Date(before.atMs).toISOString()} in ${before.pid}`;
      const then = `attempt ${again.attempt} at ${new Date(again.atMs).toISOString()} in ${again.pid}`;
      return `${again.name} (${again.executionId}) ran again: ${when}, then ${then}; meanwhile: ${cause}`;
    });

/** A call is made once by each attempt of its parent. */
export const findDoubleCalls: Checker = ({ starts }) => {
  const attempts = Map.groupBy(starts, ({ name }) => name);
  return [...attempts].flatMap(([name, marks]) => {
    const parent = name.slice(0, Math.max(0, name.lastIndexOf("-")));
    const ids = new Set(marks.map(({ executionId }) => executionId));
    const calls = attempts.get(parent)?.length ?? 1;
    if (parent === "" || ids.size <= calls) return [];
    return [`${name} is ${ids.size} executions, and its parent ran ${calls} times: ${[...ids].join(", ")}`];
  });
};
