import type { Account } from "./account/account.ts";

const shownMax = 10;

/** The table, and below it what must not have happened. */
export function showAccount(found: Account): string {
  const { recovery, findings } = found;
  const counts = (of: Readonly<Record<string, number>>): string =>
    Object.entries(of)
      .map(([word, number]) => `${word} ${number}`)
      .join(", ") || "none";
  const rows: readonly (readonly [string, string])[] = [
    ["accepted", `${found.accepted} of ${found.assignments}, asked for ${found.asks} times`],
    ["results", String(found.results)],
    ...Object.entries(findings).map(
      ([rule, all]) => [rule, `${all.length}${all.length > 0 ? "  <-- must be 0" : ""}`] as const,
    ),
    ["executions", `${found.executions}, calls among them`],
    ["attempts", String(found.attempts)],
    ["re-runs by cause", counts(found.reRuns)],
    ["ran to the end twice", String(found.ranToTheEndTwice)],
    ["faults", counts(found.faults)],
    ...Object.entries(recovery.byPool).map(
      ([pool, { ms, after }]) => [`recovery of ${pool}`, `${Math.round(ms)} ms after ${after}`] as const,
    ),
    ["longest wait", `${Math.round(recovery.longestWait.ms)} ms (${recovery.longestWait.name})`],
  ];
  const width = Math.max(...rows.map(([word]) => word.length));
  const told = Object.entries(findings).flatMap(([rule, all]) => [
    ...all.slice(0, shownMax).map((how) => `${rule}: ${how}`),
    ...(all.length > shownMax ? [`${rule}: and ${all.length - shownMax} more`] : []),
  ]);
  return [...rows.map(([word, value]) => `${word.padEnd(width)}  ${value}`), ...told].join("\n");
}
