import { isDeepStrictEqual } from "node:util";
import type { Answer } from "./facts.ts";
import type { Checker } from "./finding.ts";

/** An assignment is one execution with one outcome, however often and wherever it was asked for. */
export const findDuplicates: Checker = ({ answers }) =>
  [...Map.groupBy(answers, ({ name }) => name)].flatMap(([name, asks]) => findOf(name, asks));

function findOf(name: string, asks: readonly Answer[]): readonly string[] {
  const found: string[] = [];
  const ids = new Set(asks.map(({ executionId }) => executionId).filter((id) => id !== ""));
  if (ids.size > 1) found.push(`${name} is ${ids.size} executions: ${[...ids].join(", ")}`);
  for (const { ask, executionId, endings } of asks) {
    if (endings.length > 1) found.push(`ask ${ask} for ${name} (${executionId}) was told ${endings.length} outcomes`);
  }
  const first = asks.find(({ endings }) => endings.length > 0);
  for (const other of asks) {
    if (first === undefined || other.endings.length === 0) continue;
    if (isDeepStrictEqual(first.endings[0], other.endings[0])) continue;
    const [one, two] = [first, other].map(({ endings }) => `${endings[0]!.outcome} ${endings[0]!.reason}`.trim());
    found.push(
      `${name} (${other.executionId}): ask ${first.ask} was told ${one}, ask ${other.ask} ${two}, or another result`,
    );
  }
  return found;
}
