import { linearTicks, logTicks } from "./plot-scale.ts";

/** A line of a panel: points from the left to the right. */
export interface Line {
  /** Which of the drawing's names it belongs to. */
  readonly of: number;
  readonly points: readonly (readonly [x: number, y: number])[];
}

/** One plot. */
export interface Panel {
  readonly title: string;
  /** With its unit. */
  readonly xLabel: string;
  /** With its unit. */
  readonly yLabel: string;
  /** A logarithmic axis has no room for what is not above 0; such points stand at its left end. */
  readonly xScale: "linear" | "log";
  /** Where the y axis begins and the value it must have room for. Undefined: 0 and the highest one of the lines. */
  readonly yRange?: readonly [from: number, to: number];
  /** A value holds until the next point, as a number of replicas does. */
  readonly steps: boolean;
  readonly lines: readonly Line[];
}

const panelWidth = 520;
const panelHeight = 260;
const margin = { left: 64, right: 32, top: 34, bottom: 46 };
const headHeight = 64;
/** Told apart by people who do not see all colours (Okabe and Ito, 2008). */
const colours = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#8a8a00", "#888888"];

const style = `
  :root { color-scheme: light dark; --ground: #ffffff; --ink: #1f2328; --faint: #d0d7de; }
  @media (prefers-color-scheme: dark) { :root { --ground: #0d1117; --ink: #e6edf3; --faint: #30363d; } }
  text { font: 12px system-ui, sans-serif; fill: var(--ink); }
  .title { font-weight: 600; font-size: 13px; }
  .head { font-weight: 600; font-size: 16px; }
  .ground { fill: var(--ground); }
  .grid { stroke: var(--faint); stroke-width: 1; }
  .line { fill: none; stroke-width: 1.6; stroke-linejoin: round; }
${colours.map((colour, index) => `  .c${index} { stroke: ${colour}; }`).join("\n")}
`;

/** One drawing of several panels, two in a row, with a legend of the names. A file of its own, for light and dark. */
export function svgDocument(drawing: {
  readonly title: string;
  readonly names: readonly string[];
  readonly panels: readonly Panel[];
}): string {
  const { title, names, panels } = drawing;
  const width = 2 * panelWidth;
  const height = headHeight + Math.ceil(panels.length / 2) * panelHeight;
  const drawn = panels.map((panel, index) => {
    const [x, y] = [(index % 2) * panelWidth, headHeight + Math.floor(index / 2) * panelHeight];
    return `<g transform="translate(${x} ${y})">${drawPanel(panel)}</g>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${escape(title)}">
<style>${style}</style>
<rect class="ground" width="${width}" height="${height}"/>
<text class="head" x="16" y="26">${escape(title)}</text>
${drawLegend(names)}
${drawn.join("\n")}
</svg>
`;
}

function drawLegend(names: readonly string[]): string {
  let x = 16;
  const entries = names.map((name, index) => {
    const entry = `<path class="line ${colourOf(index)}" stroke-width="3" d="M${x} 46h22"/>${text(x + 28, 50, name)}`;
    x += 28 + name.length * 7.2 + 24;
    return entry;
  });
  return entries.join("");
}

function drawPanel(panel: Panel): string {
  const points = panel.lines.flatMap((line) => line.points);
  const [yFrom, yTo] = panel.yRange ?? [0, highest(points, 1)];
  const yTicks = linearTicks(yTo - yFrom).map((tick) => tick + yFrom);
  const xTicks = xTicksOf(panel, points);
  const [left, right] = [margin.left, panelWidth - margin.right];
  const [top, bottom] = [margin.top, panelHeight - margin.bottom];
  // Time goes on to its own end, everything else to a round value.
  const xEnd =
    panel.xScale === "linear" && points.length > 0 ? Math.max(highest(points, 0), 1e-9) : (xTicks.at(-1) ?? 1);
  const x = placing({ scale: panel.xScale, values: [xTicks[0] ?? 0, xEnd], places: [left, right] });
  const y = placing({ scale: "linear", values: [yFrom, yTicks.at(-1) ?? 1], places: [bottom, top] });
  const middle = (top + bottom) / 2;
  return [
    text(left, 20, panel.title, "title"),
    ...yTicks.map((tick) => `<path class="grid" d="M${left} ${y(tick)}H${right}"/>`),
    ...yTicks.map((tick) => text(left - 6, y(tick) + 4, showTick(tick), undefined, "end")),
    ...xTicks.map((tick) => `<path class="grid" d="M${x(tick)} ${top}V${bottom}"/>`),
    ...xTicks.map((tick) => text(x(tick), bottom + 16, showTick(tick), undefined, "middle")),
    text((left + right) / 2, bottom + 36, panel.xLabel, undefined, "middle"),
    `<g transform="translate(14 ${middle}) rotate(-90)">${text(0, 0, panel.yLabel, undefined, "middle")}</g>`,
    ...panel.lines.map((line) => `<path class="line ${colourOf(line.of)}" d="${path(line, panel.steps, x, y)}"/>`),
  ].join("\n");
}

function xTicksOf({ xScale }: Panel, points: readonly (readonly [number, number])[]): readonly number[] {
  const most = highest(points, 0);
  if (xScale === "linear") return linearTicks(most).filter((tick) => tick <= most || most <= 0);
  const least = points.reduce((min, [x]) => (x > 0 ? Math.min(min, x) : min), Infinity);
  return Number.isFinite(least) ? logTicks(least, most) : logTicks(1, 10);
}

/** Where a value stands, given where two values do. */
function placing(axis: {
  readonly scale: Panel["xScale"];
  readonly values: readonly [number, number];
  readonly places: readonly [number, number];
}): (value: number) => number {
  const [first, last] = axis.values;
  const [from, to] = axis.places;
  const share = (value: number): number => {
    if (axis.scale === "linear") return (value - first) / (last - first);
    return Math.log10(Math.max(value, first) / first) / Math.log10(last / first);
  };
  return (value) => round(from + share(value) * (to - from));
}

function path(line: Line, steps: boolean, x: (value: number) => number, y: (value: number) => number): string {
  const [first, ...rest] = line.points;
  if (first === undefined) return "";
  const further = rest.map(([px, py]) => (steps ? `H${x(px)}V${y(py)}` : `L${x(px)} ${y(py)}`));
  return `M${x(first[0])} ${y(first[1])}${further.join("")}`;
}

function highest(points: readonly (readonly [number, number])[], axis: 0 | 1): number {
  return points.reduce((max, point) => Math.max(max, point[axis]), 0);
}

function colourOf(index: number): string {
  return `c${index % colours.length}`;
}

function text(x: number, y: number, content: string, kind?: string, anchor?: "middle" | "end"): string {
  const attributes = `${kind === undefined ? "" : ` class="${kind}"`}${anchor === undefined ? "" : ` text-anchor="${anchor}"`}`;
  return `<text x="${round(x)}" y="${round(y)}"${attributes}>${escape(content)}</text>`;
}

function showTick(value: number): string {
  return Number(value.toPrecision(6)).toLocaleString("en", { maximumFractionDigits: 6 });
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function escape(content: string): string {
  return content.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
