import type { Checker } from "./finding.ts";

/** Every ask comes to an outcome. */
export const findLost: Checker = ({ answers }) =>
  answers
    .filter(({ endings }) => endings.length === 0)
    .map(({ name, ask, executionId, wasAccepted, tries, lastTrouble }) => {
      const what = wasAccepted ? `was accepted as ${executionId}` : `was never answered (${executionId || "no id"})`;
      return `ask ${ask} for ${name} ${what} and has no outcome after ${tries} tries; last trouble: ${lastTrouble || "none"}`;
    });
