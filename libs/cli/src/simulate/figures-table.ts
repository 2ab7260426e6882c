import type { Figures } from "@hearth/simulation/report";
import { table } from "../show/table.ts";
import { showDuration } from "../show/times.ts";
import type { Compared } from "./compare.ts";

/** One row: what it is called, the value that is shown and the one by which the best is known. */
interface Row {
  readonly label: string;
  readonly value: (figures: Figures) => number;
  readonly show: (value: number) => string;
  /** What is better. Undefined: neither is. */
  readonly best?: "least" | "most";
}

/** The figures, a column for each policy. Of several, the best value of a row is marked with a star. */
export function figuresTable(policies: readonly Compared[]): string {
  const rows = [...fixedRows, ...causeRows(policies)].map((row) => [row.label, ...cellsOf(row, policies)]);
  const headings = ["", ...policies.map(({ name }) => name)];
  return table(["figure", ...headings.slice(1)], rows);
}

function cellsOf({ value, show, best }: Row, policies: readonly Compared[]): readonly string[] {
  const values = policies.map(({ figures }) => value(figures));
  const winner = best === "least" ? Math.min(...values) : Math.max(...values);
  const differ = values.some((other) => show(other) !== show(winner));
  return values.map((one) => `${show(one)}${best !== undefined && differ && show(one) === show(winner) ? " *" : ""}`);
}

const fixedRows: readonly Row[] = [
  { label: "executions", value: (f) => f.executions, show: whole },
  { label: "cold starts", value: (f) => f.coldShare, show: percent, best: "least" },
  { label: "waiting, mean", value: (f) => f.waitingMs.mean, show: time, best: "least" },
  { label: "waiting, p50", value: (f) => f.waitingMs.p50, show: time, best: "least" },
  { label: "waiting, p90", value: (f) => f.waitingMs.p90, show: time, best: "least" },
  { label: "waiting, p95", value: (f) => f.waitingMs.p95, show: time, best: "least" },
  { label: "waiting, p99", value: (f) => f.waitingMs.p99, show: time, best: "least" },
  { label: "waiting, max", value: (f) => f.waitingMs.max, show: time, best: "least" },
  { label: "latency, p50", value: (f) => f.latencyMs.p50, show: time, best: "least" },
  { label: "latency, p95", value: (f) => f.latencyMs.p95, show: time, best: "least" },
  { label: "latency, p99", value: (f) => f.latencyMs.p99, show: time, best: "least" },
  { label: "rejected", value: (f) => f.rejected, show: whole, best: "least" },
  { label: "unfinished", value: (f) => f.unfinished, show: whole, best: "least" },
  { label: "longest backlog", value: (f) => f.backlogMax, show: whole, best: "least" },
  { label: "replica-seconds", value: (f) => f.replicaSeconds, show: whole, best: "least" },
  { label: "of these idle", value: (f) => f.idleReplicaSeconds, show: whole, best: "least" },
  { label: "slots in use", value: (f) => f.utilisation, show: percent, best: "most" },
  { label: "replicas, mean", value: (f) => f.replicasMean, show: (value) => value.toFixed(1), best: "least" },
  { label: "replicas, max", value: (f) => f.replicasMax, show: whole, best: "least" },
  { label: "simulated time", value: (f) => f.simulatedMs, show: showDuration },
];

/** The causes that replicas started or ended with, as many as there were. */
function causeRows(policies: readonly Compared[]): readonly Row[] {
  return (["starts", "ends"] as const).flatMap((kind) => {
    const causes = new Set(policies.flatMap(({ figures }) => Object.keys(figures[kind])));
    return [...causes].sort().map((cause) => ({
      label: `${kind}, ${cause}`,
      value: (figures: Figures) => figures[kind][cause] ?? 0,
      show: whole,
    }));
  });
}

function whole(value: number): string {
  return Math.round(value).toLocaleString("en");
}

function percent(share: number): string {
  return `${(share * 100).toFixed(share < 0.1 ? 2 : 1)} %`;
}

function time(ms: number): string {
  return ms === 0 || ms >= 10 ? showDuration(ms) : `${Number(ms.toFixed(2))} ms`;
}
