import type { Row } from "./row.ts";

const headings = ["", "target", "measured", "lowest to highest", "verdict"];

/** The rows as a Markdown table, which reads as well in a terminal. */
export function toTable(rows: readonly Row[]): string {
  const cells = rows.map(({ what, target, measured, spread, verdict }) => [what, target, measured, spread, verdict]);
  const lines = [headings, ...cells];
  const widths = headings.map((_, column) => Math.max(3, ...lines.map((line) => line[column]?.length ?? 0)));
  const show = (line: readonly string[]): string =>
    `| ${line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |`;
  return [show(headings), show(widths.map((width) => "-".repeat(width))), ...cells.map(show)].join("\n");
}
