import type { Courses, Figures } from "@hearth/simulation/report";
import { logTicks, timeUnit } from "../show/plot-scale.ts";
import { svgDocument, type Line, type Panel } from "../show/plot-svg.ts";
import { terminalPlot } from "../show/plot-terminal.ts";
import { showDuration } from "../show/times.ts";

/** A policy and what is drawn of it. */
export interface Plotted {
  readonly name: string;
  readonly figures: Figures;
  readonly courses: Courses;
}

const levels = [
  { course: "replicas", title: "Replicas", unit: "replicas" },
  { course: "busySlots", title: "Busy slots", unit: "slots" },
  { course: "backlog", title: "Backlog", unit: "executions" },
] as const;

/** All policies in one drawing: replicas, busy slots and backlog over time, and how long executions waited. */
export function svgPlots(policies: readonly Plotted[], title: string): string {
  const endMs = Math.max(...policies.map(({ figures }) => figures.simulatedMs), 1);
  const unit = timeUnit(endMs);
  const overTime = levels.map(({ course, title, unit: of }): Panel => {
    const lines = policies.map(({ courses }, index): Line => {
      const stretches = courses[course];
      const last = stretches.at(-1);
      const points = stretches.map(({ fromMs, max }) => [fromMs / unit.ms, max] as const);
      return { of: index, points: last === undefined ? points : [...points, [last.toMs / unit.ms, last.max]] };
    });
    return { title, xLabel: `time (${unit.name})`, yLabel: of, xScale: "linear", steps: true, lines };
  });
  // Where nearly nobody waits, only those who do are drawn.
  const immediate = Math.min(1, ...policies.map(({ courses }) => shareWithoutWait(courses)));
  const leastPercent = 10 * Math.floor(immediate * 9.99);
  const isDrawn = ({ share }: { readonly share: number }): boolean => share * 100 >= leastPercent;
  const waiting: Panel = {
    title: "Waiting time: share of executions that waited no longer",
    xLabel: "waiting time (ms, logarithmic)",
    yLabel: "share of executions (%)",
    xScale: "log",
    yRange: [leastPercent, 100],
    steps: false,
    lines: policies.map(({ courses }, index) => ({
      of: index,
      points: courses.waiting.filter(isDrawn).map(({ value, share }) => [value, share * 100] as const),
    })),
  };
  return svgDocument({ title, names: policies.map(({ name }) => name), panels: [...overTime, waiting] });
}

function shareWithoutWait({ waiting }: Courses): number {
  return waiting.findLast(({ value }) => value === 0)?.share ?? 0;
}

/** The same for a terminal of so many columns, one policy below the other, on the same scales. */
export function terminalPlots(policies: readonly Plotted[], width: number): string {
  return [...terminalReplicas(policies, width), ...terminalWaiting(policies, width)].join("\n\n");
}

function terminalReplicas(policies: readonly Plotted[], width: number): readonly string[] {
  const endMs = Math.max(...policies.map(({ figures }) => figures.simulatedMs), 0);
  const top = Math.max(...policies.map(({ figures }) => figures.replicasMax), 1);
  return policies.map(({ name, courses }) =>
    terminalPlot(
      {
        title: `${name}: replicas over time`,
        values: evenly(courses, endMs),
        top,
        ends: ["0", showDuration(endMs)],
        show: String,
      },
      width,
    ),
  );
}

const samples = 512;

/** The replicas at moments that are equally far apart up to `endMs`. */
function evenly({ replicas }: Courses, endMs: number): readonly number[] {
  const lengthMs = replicas[0] === undefined ? 1 : replicas[0].toMs - replicas[0].fromMs;
  return Array.from(
    { length: samples },
    (_, index) => replicas[Math.floor((index * endMs) / samples / lengthMs)]?.max ?? 0,
  );
}

function terminalWaiting(policies: readonly Plotted[], width: number): readonly string[] {
  const waits = policies.flatMap(({ courses }) => courses.waiting.map(({ value }) => value)).filter((ms) => ms > 0);
  if (waits.length === 0) return [];
  const ticks = logTicks(Math.max(1, Math.min(...waits)), Math.max(...waits));
  const [from, to] = [ticks[0] ?? 1, ticks.at(-1) ?? 10];
  return policies.map(({ name, courses }) => {
    const values = Array.from({ length: samples }, (_, index) => {
      const ms = from * (to / from) ** (index / (samples - 1));
      return courses.waiting.findLast(({ value }) => value <= ms)?.share ?? 0;
    });
    return terminalPlot(
      {
        title: `${name}: share of executions that waited no longer than`,
        values,
        top: 1,
        ends: [showDuration(from), `${showDuration(to)} (logarithmic)`],
        show: (share) => `${Math.round(share * 100)} %`,
      },
      width,
    );
  });
}
