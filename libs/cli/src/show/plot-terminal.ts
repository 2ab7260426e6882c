/** A plot of one line, as tall as it is told to be. */
export interface TerminalPlot {
  readonly title: string;
  /** Values from the left to the right, as many as one likes; a column shows the highest of those that fall on it. */
  readonly values: readonly number[];
  /** The value at the top. Undefined: the highest one. */
  readonly top?: number;
  /** What stands below the left and the right end. */
  readonly ends: readonly [left: string, right: string];
  readonly show: (value: number) => string;
}

const heightRows = 4;
const eighths = [" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];
const widthMin = 40;
const widthMax = 120;

/** The columns to draw on: those of the terminal, or 80 where there is none. */
export function plotWidth(columns: number | undefined): number {
  return Math.min(widthMax, Math.max(widthMin, columns ?? 80));
}

/** A plot of blocks, without colours. `width` counts the axis. */
export function terminalPlot(plot: TerminalPlot, width: number): string {
  const top = plot.top ?? plot.values.reduce((max, value) => Math.max(max, value), 0);
  const labels = [plot.show(top), plot.show(0)];
  const labelWidth = Math.max(...labels.map((label) => label.length));
  const columns = columnsOf(plot.values, width - labelWidth - 3);
  const rows = Array.from({ length: heightRows }, (_, index) => {
    const label = index === 0 ? labels[0] : index === heightRows - 1 ? labels[1] : "";
    const fromBottom = heightRows - 1 - index;
    const cells = columns.map((value) => eighths[eighthsIn(value, top, fromBottom)] ?? " ");
    return `${(label ?? "").padStart(labelWidth)} ┤${cells.join("")}`.trimEnd();
  });
  const [left, right] = plot.ends;
  const gap = Math.max(1, columns.length - left.length - right.length);
  return [plot.title, ...rows, `${" ".repeat(labelWidth + 2)}${left}${" ".repeat(gap)}${right}`].join("\n");
}

/** How many eighths of a row a value fills; what is above 0 is seen. */
function eighthsIn(value: number, top: number, fromBottom: number): number {
  if (!(top > 0) || value <= 0) return 0;
  const filled = Math.max(1, Math.round((value / top) * heightRows * 8));
  return Math.min(8, Math.max(0, filled - fromBottom * 8));
}

function columnsOf(values: readonly number[], count: number): readonly number[] {
  if (values.length === 0) return Array.from({ length: count }, () => 0);
  return Array.from({ length: count }, (_, column) => {
    const from = Math.floor((column * values.length) / count);
    const to = Math.max(from + 1, Math.floor(((column + 1) * values.length) / count));
    return values.slice(from, to).reduce((max, value) => Math.max(max, value), 0);
  });
}
