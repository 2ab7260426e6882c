/** A printed line, or a part of one. */
export interface LogLine {
  readonly runId: string;
  readonly executionId: string;
  /** From 1. */
  readonly attempt: number;
  readonly unixMs: number;
  readonly stream: string;
  readonly text: string;
}

/**
 * The lines that are kept when at most `linesMax` of each execution are, given how many each has already. The line
 * after the last one kept says that there were more.
 */
export function keepWithinBudget<L extends LogLine>(
  lines: readonly L[],
  keptAlready: ReadonlyMap<string, number>,
  linesMax: number,
): readonly L[] {
  const counts = new Map(keptAlready);
  const kept: L[] = [];
  for (const line of lines) {
    const count = counts.get(line.executionId) ?? 0;
    if (count > linesMax) continue;
    counts.set(line.executionId, count + 1);
    kept.push(count < linesMax ? line : { ...line, stream: "stderr", text: marker(linesMax) });
  }
  return kept;
}

function marker(linesMax: number): string {
  return `(further lines are not kept: an execution keeps ${linesMax} lines)`;
}
