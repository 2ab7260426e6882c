import { writeFileSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import { completePolicy, type Policy } from "@hearth/policy";
import { policyFromMessage } from "@hearth/policy/wire";
import { CliFailure } from "../cli-failure.ts";
import { getEnvironment } from "../commands/env.ts";
import { withControlPlane } from "../control-plane.ts";
import { untilAskedToStop } from "../dev/stop-signals.ts";
import { printDocument } from "../show/document.ts";
import { plotWidth } from "../show/plot-terminal.ts";
import { showDuration } from "../show/times.ts";
import { describeTradeOffs } from "./compare.ts";
import { figuresTable } from "./figures-table.ts";
import type { Job, JobResult } from "./job.ts";
import { svgPlots, terminalPlots } from "./plots.ts";
import type { Candidate } from "./policy-argument.ts";
import { progressLine } from "./progress-line.ts";
import { runJobs } from "./run-jobs.ts";

/** What to simulate and what to show of it. */
export interface SimulateOptions {
  readonly candidates: readonly Candidate[];
  /** Deployed environments whose policies are candidates too. */
  readonly environments: readonly string[];
  /** Everything but the policy. */
  readonly job: Omit<Job, "policy">;
  readonly svg: string | undefined;
  readonly plots: boolean;
  readonly json: boolean;
}

/** Simulates each candidate on the same workload and prints what it came to. */
export async function simulate(options: SimulateOptions): Promise<void> {
  const candidates = named([...options.candidates, ...(await deployed(options.environments))]);
  const stop = untilAskedToStop();
  const line = progressLine(process.stderr);
  let results: readonly JobResult[];
  try {
    const jobs = candidates.map(({ policy }) => ({ ...options.job, policy }));
    const run = runJobs(jobs, { onProgress: (progress) => line.show(progress), stopAsked: stop.first });
    // One Ctrl-C may arrive twice, from the terminal and from whatever started this.
    const atOnce = stop.second
      .then(() => setTimeout(reactsWithinMs, undefined, { ref: false }))
      .then(() => Promise.reject(new CliFailure("STOPPED", "It was stopped before there was anything to show.")));
    results = await Promise.race([run, atOnce]);
  } finally {
    line.end();
    stop.release();
  }
  const compared = results.map((result, index) => ({ ...result, ...(candidates[index] ?? noCandidate()) }));
  if (options.svg !== undefined) writeSvg(options.svg, svgPlots(compared, "hearth simulate"));
  if (options.json) return printDocument(documentOf(options, compared));
  console.log(textOf(options, compared));
}

/** A simulation that is asked twice to stop has this long to show what there is. */
const reactsWithinMs = 2_000;

type Result = JobResult & { readonly name: string; readonly policy: Policy };

function documentOf({ job }: SimulateOptions, results: readonly Result[]): unknown {
  return {
    partial: isPartial(results),
    workload: job.workload.kind === "trace" ? { trace: job.workload.path } : job.workload.workload,
    startUp: job.startUp,
    routers: job.routers,
    seed: job.seed,
    backlogMax: job.backlogMax,
    policies: results.map(({ name, policy, figures, partial }) => ({ name, policy, partial, figures })),
    tradeOffs: describeTradeOffs(results),
  };
}

function textOf({ plots }: SimulateOptions, results: readonly Result[]): string {
  const width = plotWidth(process.stdout.columns);
  const several = results.length > 1;
  return [
    isPartial(results) ? "PARTIAL: it was stopped before its end; the figures are those up to then." : undefined,
    figuresTable(results),
    several ? ["* the best of its row", ...describeTradeOffs(results)].join("\n") : undefined,
    plots ? terminalPlots(results, width) : undefined,
    results.map(({ name, figures, wallMs }) => speedOf(name, figures.executions, wallMs)).join("\n"),
  ]
    .filter((part) => part !== undefined)
    .join("\n\n");
}

function speedOf(name: string, executions: number, wallMs: number): string {
  const perSecond = Math.round(executions / (wallMs / 1_000)).toLocaleString("en");
  return `${name}: computed in ${showDuration(wallMs)}, ${perSecond} executions/s`;
}

function isPartial(results: readonly Result[]): boolean {
  return results.some(({ partial }) => partial);
}

/** Each candidate under a name of its own: those without one become A, B and so on. */
function named(candidates: readonly Candidate[]): readonly { readonly name: string; readonly policy: Policy }[] {
  const all = candidates.map(({ name, policy }, index) => ({ name: name ?? letter(index), policy }));
  const twice = all.find(({ name }, index) => all.findIndex((other) => other.name === name) !== index);
  if (twice !== undefined) throw new CliFailure("USAGE", `Two policies are called "${twice.name}".`);
  return all;
}

function letter(index: number): string {
  return index < 26 ? String.fromCharCode("A".charCodeAt(0) + index) : `policy ${index + 1}`;
}

function deployed(names: readonly string[]): Promise<readonly Candidate[]> {
  if (names.length === 0) return Promise.resolve([]);
  return withControlPlane((controlPlane) =>
    Promise.all(
      names.map(async (name) => {
        const { policy: message } = await getEnvironment(controlPlane, name);
        const decision = completePolicy(message === undefined ? {} : policyFromMessage(message));
        if (decision.kind === "invalid") throw new CliFailure("USAGE", `Environment "${name}": ${decision.problem}`);
        return { name, policy: decision.policy };
      }),
    ),
  );
}

function writeSvg(path: string, svg: string): void {
  try {
    writeFileSync(path, svg);
  } catch (error) {
    throw new CliFailure("USAGE", `The plots cannot be written: ${(error as Error).message}`);
  }
}

function noCandidate(): never {
  throw new Error("There is a result without a policy.");
}
