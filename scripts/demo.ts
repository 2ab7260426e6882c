/**
 * Shows reusable containers at work: starts Hearth on this machine, runs the example programs against it, checks their
 * results and shows how many processes served their executions, and how fast. Exits 1 when anything is wrong.
 */
import { dirname } from "node:path";
import { build } from "./build.ts";
import { programs } from "./demo/programs.ts";
import { runProgram, type ProgramOutcome } from "./demo/run-program.ts";
import { startDev } from "./demo/running-dev.ts";
import { ensureNatsServer } from "./ensure-engines.ts";

const natsServer = ensureNatsServer();
await build();
console.log(`Hearth is built; nats-server is ${dirname(natsServer)}/nats-server.`);

const outcomes: ProgramOutcome[] = [];
await demonstrate();
console.log(`\n${report(outcomes)}`);
const wrong = outcomes.filter(({ problem }) => problem !== undefined);
for (const { program, problem } of wrong) console.log(`${program.path}: ${problem ?? ""}`);
console.log(wrong.length === 0 ? "\nEvery result is right." : `\n${wrong.length} of ${outcomes.length} are wrong.`);
process.exitCode = wrong.length === 0 ? 0 : 1;

async function demonstrate(): Promise<void> {
  await using dev = await startDev(natsServer);
  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stop.abort());
  console.log(`Hearth runs at ${dev.url} until the demo ends.`);
  for (const program of programs) {
    if (stop.signal.aborted) break;
    console.log(`\n${program.path}: ${program.about}`);
    outcomes.push(await runProgram(program, dev, stop.signal));
  }
}

function report(rows: readonly ProgramOutcome[]): string {
  const headings = ["program", "result", "took", "executions", "processes", "first (cold)", "warm (median)"];
  const cells = rows.map(({ program, problem, tookMs, figures }) => [
    program.path,
    problem === undefined ? "right" : "WRONG",
    `${(tookMs / 1_000).toFixed(1)} s`,
    String(figures?.executions ?? ""),
    String(figures?.runners ?? ""),
    showMs(figures?.coldMs),
    showMs(figures?.warmMs),
  ]);
  const widths = headings.map((_heading, column) =>
    Math.max(...[headings, ...cells].map((row) => row[column]?.length ?? 0)),
  );
  const line = (row: readonly string[]): string =>
    row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ");
  return [headings, widths.map((width) => "-".repeat(width)), ...cells].map((row) => line(row).trimEnd()).join("\n");
}

function showMs(ms: number | undefined): string {
  return ms === undefined ? "" : `${ms < 100 ? ms.toFixed(1) : Math.round(ms)} ms`;
}
