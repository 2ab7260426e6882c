import { ownMs } from "../plan/work.ts";
import type { Facts } from "./facts.ts";

export interface Recovery {
  /** The longest time from a fault to the next execution that was done in the pool, and after which fault. */
  readonly byPool: Readonly<Record<string, { readonly ms: number; readonly after: string }>>;
  /** The longest that an execution took beyond its own work, and which one it was. */
  readonly longestWait: { readonly ms: number; readonly name: string };
}

export function measureRecovery({ faults, ends, answers, assignments }: Facts): Recovery {
  const byPool: Record<string, { ms: number; after: string }> = {};
  for (const [environment, marks] of Map.groupBy(ends, (mark) => mark.environment)) {
    const times = marks.map(({ atMs }) => atMs).toSorted((a, b) => a - b);
    for (const { atMs, kind, action, target } of faults) {
      const next = times.find((time) => time >= atMs);
      if (next === undefined || next - atMs <= (byPool[environment]?.ms ?? 0)) continue;
      byPool[environment] = { ms: next - atMs, after: `${action} of ${kind} ${target}` };
    }
  }
  const own = new Map(assignments.map(({ work }) => [work.name, ownMs(work)]));
  const waits = answers
    .filter(({ endedMs, ask }) => endedMs > 0 && ask === 0)
    .map(({ name, askedMs, endedMs }) => ({ name, ms: Math.max(0, endedMs - askedMs - (own.get(name) ?? 0)) }));
  const longestWait = waits.reduce((longest, wait) => (wait.ms > longest.ms ? wait : longest), { ms: 0, name: "" });
  return { byPool, longestWait };
}
