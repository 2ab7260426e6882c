import type { Figures } from "@hearth/simulation/report";
import { expect, test } from "vitest";
import { linearTicks, logTicks } from "../../src/show/plot-scale.ts";
import { svgDocument, type Panel } from "../../src/show/plot-svg.ts";
import { plotWidth, terminalPlot } from "../../src/show/plot-terminal.ts";
import { describeTradeOffs } from "../../src/simulate/compare.ts";
import { figuresTable } from "../../src/simulate/figures-table.ts";

const none = { mean: 0, p50: 0, p90: 0, p95: 0, p99: 0, max: 0 };
const figures: Figures = {
  ...{ executions: 100, succeeded: 100, rejected: 0, unfinished: 0, cold: 10, coldShare: 0.1 },
  ...{ waitingMs: none, latencyMs: none, replicaSeconds: 1_000, idleReplicaSeconds: 500, slotSeconds: 1_000 },
  ...{ busySlotSeconds: 500, utilisation: 0.5, replicasMax: 4, replicasMean: 2, backlogMax: 7 },
  ...{ starts: { BACKLOG: 3 }, ends: {}, simulatedMs: 60_000 },
};

function withFigures(name: string, waitingP95: number, replicaSeconds: number): { name: string; figures: Figures } {
  return { name, figures: { ...figures, replicaSeconds, waitingMs: { ...none, p95: waitingP95 } } };
}

test.each([
  [600, 1_300, "B waits 40 % less than A at p95 and pays 1.3x the replica-seconds."],
  [1_500, 500, "B waits 50 % longer than A at p95 and pays 0.5x the replica-seconds."],
  [4_000, 1_001, "B waits 4x as long as A at p95 and pays as many replica-seconds."],
  [1_000, 20_000, "B waits as long as A at p95 and pays 20x the replica-seconds."],
  [0, 2_000, "B does not wait at p95 (A: 1 s) and pays 2x the replica-seconds."],
])("beside 1 s for 1,000 replica-seconds, %d ms for %d is told as it is", (p95, replicaSeconds, sentence) => {
  expect(describeTradeOffs([withFigures("A", 1_000, 1_000), withFigures("B", p95, replicaSeconds)])).toEqual([
    sentence,
  ]);
});

test("every further policy is compared with the first one, and one alone with none", () => {
  const policies = [withFigures("A", 0, 1), withFigures("B", 50, 2), withFigures("C", 0.1, 1)];
  expect(describeTradeOffs(policies)).toEqual([
    "B waits 50 ms at p95 (A: not at all) and pays 2x the replica-seconds.",
    "C waits as little as A and pays as many replica-seconds.",
  ]);
  expect(describeTradeOffs(policies.slice(0, 1))).toEqual([]);
});

test("where neither waits at p95, they are compared further out", () => {
  const policies = [withFigures("A", 0, 1), withFigures("B", 0, 1)];
  const waits = [400, 100].map((p99, index) => {
    const { name, figures: own } = policies[index]!;
    return { name, figures: { ...own, waitingMs: { ...none, p99, max: 1_000 } } };
  });
  expect(describeTradeOffs(waits)).toEqual(["B waits 75 % less than A at p99 and pays as many replica-seconds."]);
});

function rowOf(text: string, label: string): string {
  return text
    .split("\n")
    .find((line) => line.startsWith(label))!
    .slice(label.length)
    .trim()
    .replace(/ {2,}/g, " | ");
}

test("the best of a row has a star, all who share it, and nobody where all are alike", () => {
  const policies = [withFigures("A", 1_000, 1_000), withFigures("B", 600, 900), withFigures("C", 600, 2_000)];
  const text = figuresTable(policies);
  expect(rowOf(text, "waiting, p95")).toBe("1 s | 600 ms * | 600 ms *");
  expect(rowOf(text, "replica-seconds")).toBe("1,000 | 900 * | 2,000");
  expect(rowOf(text, "waiting, max")).toBe("0 ms | 0 ms | 0 ms");
  expect(rowOf(text, "executions")).toBe("100 | 100 | 100");
});

test("causes are rows, with 0 for the policy that had none", () => {
  const other = { name: "B", figures: { ...figures, starts: { BUFFER: 2 } } };
  const text = figuresTable([{ name: "A", figures }, other]);
  expect(rowOf(text, "starts, BACKLOG")).toBe("3 | 0");
  expect(rowOf(text, "starts, BUFFER")).toBe("0 | 2");
});

test("axes have round values that reach the highest one", () => {
  expect(linearTicks(7)).toEqual([0, 2, 4, 6, 8]);
  expect(linearTicks(100)).toEqual([0, 25, 50, 75, 100]);
  expect(linearTicks(0.3)).toEqual([0, 0.1, 0.2, 0.3]);
  expect(linearTicks(0)).toEqual([0, 1]);
  expect(logTicks(3, 700)).toEqual([1, 10, 100, 1_000]);
  expect(logTicks(10, 10)).toEqual([10, 100]);
});

const panel: Panel = {
  ...{ title: "Replicas", xLabel: "time (s)", yLabel: "replicas", xScale: "linear", steps: true },
  lines: [
    {
      of: 1,
      points: [
        [0, 0],
        [5, 2],
        [10, 2],
      ],
    },
  ],
};

test("a drawing is one file with its own colours for light and dark, labels, a legend and a line per policy", () => {
  const svg = svgDocument({ title: "a < b", names: ["A & co", "B"], panels: [panel] });
  expect(svg).toContain("prefers-color-scheme: dark");
  expect(svg).toContain("a &lt; b");
  for (const label of ["A &amp; co", "B", "Replicas", "time (s)", "replicas"])
    expect(svg).toContain(`>${label}</text>`);
  expect(svg).not.toMatch(/href|url\(|<script|NaN|Infinity/);
  // Steps between the corners of the panel: 0 replicas at the lower left, 2 in the middle of the width at the top.
  expect(svg).toContain('<path class="line c1" d="M64 214H276V34H488V34"/>');
});

test("a drawing of nothing is a drawing", () => {
  for (const xScale of ["linear", "log"] as const) {
    const svg = svgDocument({
      title: "none",
      names: [],
      panels: [{ ...panel, xScale, lines: [{ of: 0, points: [] }] }],
    });
    expect(svg).not.toMatch(/NaN|Infinity/);
  }
});

test("what is 0 stands at the left end of a logarithmic axis", () => {
  const points = [
    [0, 0],
    [1, 50],
    [100, 100],
  ] as const;
  const lines = [{ of: 0, points }];
  const svg = svgDocument({ title: "", names: ["A"], panels: [{ ...panel, xScale: "log", steps: false, lines }] });
  expect(svg).toContain('d="M64 214L64 124L488 34"');
});

test("a plot in the terminal fills its width, and what is above 0 is seen", () => {
  const values = [0, 1, 100, 100];
  const text = terminalPlot({ title: "replicas", values, ends: ["0 s", "4 s"], show: String }, 46);
  expect(text.split("\n")).toEqual([
    "replicas",
    `100 ┤${" ".repeat(20)}${"█".repeat(20)}`,
    `    ┤${" ".repeat(20)}${"█".repeat(20)}`,
    `    ┤${" ".repeat(20)}${"█".repeat(20)}`,
    `  0 ┤${" ".repeat(10)}${"▁".repeat(10)}${"█".repeat(20)}`,
    `     0 s${" ".repeat(34)}4 s`,
  ]);
});

test("a plot keeps to the terminal, within bounds, and to 80 columns where there is none", () => {
  expect([plotWidth(100), plotWidth(undefined), plotWidth(10), plotWidth(500)]).toEqual([100, 80, 40, 120]);
});
