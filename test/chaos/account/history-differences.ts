import { isDeepStrictEqual } from "node:util";
import type { Checker } from "./finding.ts";

/** The history has every execution that ran or was answered, ended, as its caller was told, with all its attempts. */
export const findHistoryDifferences: Checker = ({ answers, starts, history }) => {
  const entries = new Map(history.map((entry) => [entry.executionId, entry]));
  const found: string[] = [];
  const told = new Map(
    answers.filter(({ endings }) => endings.length > 0).map((answer) => [answer.executionId, answer]),
  );
  for (const [executionId, { name, endings }] of told) {
    const entry = entries.get(executionId);
    if (entry === undefined) found.push(`the history does not know ${name} (${executionId})`);
    else if (entry.ending !== undefined && !isDeepStrictEqual(entry.ending, endings[0])) {
      const [here, there] = [entry.ending, endings[0]!].map(({ outcome, reason }) => `${outcome} ${reason}`.trim());
      found.push(
        `the history says ${here} of ${name} (${executionId}), its caller was told ${there}, or another result`,
      );
    }
  }
  for (const { executionId, runId, ending } of history) {
    if (ending === undefined) found.push(`the history has no end of ${executionId} of run ${runId}`);
  }
  for (const [executionId, marks] of Map.groupBy(starts, (start) => start.executionId)) {
    const entry = entries.get(executionId);
    const last = Math.max(...marks.map(({ attempt }) => attempt));
    if (entry === undefined) {
      if (!told.has(executionId)) found.push(`the history does not know ${marks[0]!.name} (${executionId}), which ran`);
    } else if (entry.attempts < last) {
      found.push(`the history has ${entry.attempts} attempts of ${executionId}, and attempt ${last} ran`);
    }
  }
  return found;
};
