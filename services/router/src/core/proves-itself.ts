import type { AttemptEnd, Execution } from "./execution.ts";

/**
 * Whether the agent alone can prove how the execution ended: it tells that again until it is in a journal, and what was asked for.
 * What a router decided, and be it that another attempt follows or none does, only its journal can prove.
 */
export function provesItself({ attempts }: Execution, { outcome, report }: AttemptEnd): boolean {
  const isFirst = attempts.length === 1 && attempts[0]?.number === 1;
  return report !== undefined && outcome === "succeeded" && isFirst;
}
