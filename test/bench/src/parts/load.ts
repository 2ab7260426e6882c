import { svgDocument } from "@hearth/cli/plot";
import { sendOne, type Send } from "../client.ts";
import { measureClosedLoop, measureOpenLoop, type OfferedSample } from "../load.ts";
import type { Bench, Part, PartResult } from "../part.ts";
import { toRow, units } from "../row.ts";
import { startSystem } from "../system.ts";

/** Latency at a pace that does not wait for answers, up to three times what there is room for. */
export const load: Part = { name: "load", about: "latency against offered load, up to 3 x capacity", run };

const shares = [0.1, 0.25, 0.5, 0.7, 0.8, 0.9, 1, 1.25, 1.5, 2, 3];
/** Some tenth of a second of work. */
const boundedBacklog = 2_000;

interface Point extends OfferedSample {
  readonly share: number;
}

async function run({ effort, say }: Bench): Promise<PartResult> {
  await using system = await startSystem();
  const bounded = await system.startRouter({ variables: { HEARTH_BACKLOG_MAX: String(boundedBacklog) } });
  await system.deploy("node", "noop");
  const [free, bound] = [system.router, bounded].map(({ client }) => client.sender("bench-node", "noop")) as [
    Send,
    Send,
  ];
  await sendOne(bound);
  await system.stopControlPlane();
  say("load: capacity");
  const { perSecond: capacity } = await measureClosedLoop(free, 512, effort);
  const [unboundedPoints, boundedPoints]: [Point[], Point[]] = [[], []];
  for (const share of shares) {
    say(`load: ${share} x ${Math.round(capacity)}/s`);
    const pace = share * capacity;
    unboundedPoints.push({ share, ...(await measureOpenLoop(free, pace, effort.measureMs)) });
    boundedPoints.push({ share, ...(await measureOpenLoop(bound, pace, effort.measureMs)) });
  }
  const worst = boundedPoints.at(-1)!;
  const rows = [
    toRow("capacity, closed loop of 512", [capacity], units.perSecond),
    toRow("offered 3 x capacity, no bound that matters, p50", [unboundedPoints.at(-1)!.p50Ms], units.wholeMs),
    toRow(
      `offered 3 x capacity, HEARTH_BACKLOG_MAX ${boundedBacklog}, p50 of the accepted`,
      [worst.p50Ms],
      units.wholeMs,
    ),
    toRow("the same, refused at once with BACKLOG_FULL", [worst.refusedShare * 100], units.percent),
    toRow("the same, answered", [worst.answeredPerSecond], units.perSecond),
  ];
  const figures = { capacity, boundedBacklog, unbounded: unboundedPoints, bounded: boundedPoints };
  return { rows, figures, plot: draw(unboundedPoints, boundedPoints, capacity) };
}

function draw(unbounded: readonly Point[], bounded: readonly Point[], capacity: number): string {
  const line = (of: number, points: readonly Point[], y: (point: Point) => number) => ({
    of,
    points: points.map((point) => [point.share, y(point)] as const),
  });
  const panel = (title: string, y: (point: Point) => number, yLabel: string, most = Infinity) => ({
    title,
    xLabel: `offered load, in capacities of ${Math.round(capacity).toLocaleString("en-GB")}/s`,
    yLabel,
    xScale: "linear" as const,
    steps: false,
    lines: [unbounded, bounded].map((points, of) =>
      line(
        of,
        points.filter(({ share }) => share <= most),
        y,
      ),
    ),
  });
  return svgDocument({
    title: "Latency and answers against offered load",
    names: ["backlog of 100,000", `HEARTH_BACKLOG_MAX ${boundedBacklog}`],
    panels: [
      panel("p50 up to capacity", ({ p50Ms }) => p50Ms, "ms", 0.9),
      panel("p99 up to capacity", ({ p99Ms }) => p99Ms, "ms", 0.9),
      panel("p50", ({ p50Ms }) => p50Ms, "ms"),
      panel("p99", ({ p99Ms }) => p99Ms, "ms"),
      panel("answered", ({ answeredPerSecond }) => answeredPerSecond, "executions a second"),
      panel("refused", ({ refusedShare }) => refusedShare * 100, "% of what was offered"),
    ],
  });
}
