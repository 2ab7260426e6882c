import { readFileSync } from "node:fs";

/** How tests went. */
export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

export function addCounts(all: readonly Counts[]): Counts {
  const sum = (key: keyof Counts): number => all.reduce((total, counts) => total + counts[key], 0);
  return { passed: sum("passed"), failed: sum("failed"), skipped: sum("skipped") };
}

export function showCounts({ passed, failed, skipped }: Counts): string {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}

/** The counts in a report of Vitest's JSON reporter. A file that failed without a test that did counts as one. */
export function countVitestReport(report: VitestReport): Counts {
  const statuses = report.testResults.flatMap((file) => {
    const own = file.assertionResults.map((assertion) => assertion.status);
    return file.status === "failed" && !own.includes("failed") ? [...own, "failed"] : own;
  });
  const count = (wanted: readonly string[]): number => statuses.filter((status) => wanted.includes(status)).length;
  const passed = count(["passed"]);
  const failed = count(["failed"]);
  return { passed, failed, skipped: statuses.length - passed - failed };
}

export interface VitestReport {
  readonly testResults: readonly {
    readonly status: string;
    readonly assertionResults: readonly { readonly status: string }[];
  }[];
}

/** What a test run left in a file; one failure when it left nothing, for then it could not run. */
export function readCounts(path: string, count: (report: never) => Counts): Counts {
  try {
    return count(JSON.parse(readFileSync(path, "utf8")) as never);
  } catch {
    return { passed: 0, failed: 1, skipped: 0 };
  }
}
