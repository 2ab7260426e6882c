import { AttemptSchema, RunSchema, type Attempt, type Run } from "@hearth/proto";
import { timestampMs } from "@bufbuild/protobuf/wkt";
import { followRun } from "@hearth/sdk/follow";
import type { Command } from "commander";
import { withControlPlane, type ControlPlane } from "../control-plane.ts";
import { exitCodes } from "../report-failure.ts";
import { printDocument, toDocument } from "../show/document.ts";
import { attemptLine } from "../show/attempt.ts";
import { isLive, showPhase } from "../show/names.ts";
import { runDocument } from "../show/run-document.ts";
import { runProgress, runSummary } from "../show/run.ts";
import { table } from "../show/table.ts";
import { showMoment, showSpan } from "../show/times.ts";
import { ExecutionPhase } from "@hearth/proto";
import { wholeNumber } from "./arguments.ts";

interface Json {
  readonly json?: true;
}

export function addRunsCommands(program: Command): void {
  const runs = program.command("runs").description("list, show, watch and cancel runs");
  addList(runs);
  addGet(runs);
  addWatch(runs);
  addCancel(runs);
}

function addList(runs: Command): void {
  runs
    .command("list")
    .description("list runs, newest first")
    .option("-e, --environment <name>", "only runs of this environment")
    .option("-n, --limit <number>", "at most so many", wholeNumber({ min: 1, max: 100_000 }), 50)
    .option("--json", "print a JSON array")
    .action(async (options: Json & { environment?: string; limit: number }) => {
      const found = await withControlPlane((controlPlane) => listRuns(controlPlane, options));
      if (options.json) return printDocument(found.map((run) => toDocument(RunSchema, run)));
      console.log(table(["run", "task", "phase", "started", "took", "executions"], found.map(toRow)));
    });
}

function addGet(runs: Command): void {
  runs
    .command("get")
    .argument("<run>", "the run's name")
    .description("show a run with its result or failure, and each attempt of its root execution")
    .option("--json", "print a JSON document")
    .action(async (name: string, options: Json) => {
      await withControlPlane(async (controlPlane) => {
        const { run } = await controlPlane.runs.getRun({ name });
        if (run === undefined) throw new Error(`The control plane answered without run ${name}.`);
        const attempts = await rootAttempts(controlPlane, name);
        if (options.json) {
          const documents = attempts.map((attempt) => toDocument(AttemptSchema, attempt));
          return printDocument({ ...(await runDocument(controlPlane, run)), attempts: documents });
        }
        console.log([runSummary(run), ...attempts.map((attempt) => `attempt     ${attemptLine(attempt)}`)].join("\n"));
      });
    });
}

function addWatch(runs: Command): void {
  runs
    .command("watch")
    .argument("<run>", "the run's name")
    .description("show a run's progress until it has ended; exits 1 when it did not succeed")
    .option("--json", "print one JSON document for each change")
    .action(async (name: string, options: Json) => {
      const last = await withControlPlane((controlPlane) => watchRun(controlPlane, name, options.json ?? false));
      if (last === undefined || last.phase !== ExecutionPhase.SUCCEEDED) process.exitCode = exitCodes.failed;
    });
}

function addCancel(runs: Command): void {
  runs
    .command("cancel")
    .argument("<run>", "the run's name")
    .description("ask for a run to end; `hearth runs watch` shows when it has")
    .option("--json", "print a JSON document")
    .action(async (name: string, options: Json) => {
      await withControlPlane((controlPlane) => controlPlane.runs.cancelRun({ name }));
      if (options.json) return printDocument({ name, cancelRequested: true });
      console.log(`Asked run ${name} to end.`);
    });
}

async function listRuns(
  { runs }: ControlPlane,
  options: { readonly environment?: string; readonly limit: number },
): Promise<readonly Run[]> {
  const found: Run[] = [];
  let pageToken = "";
  do {
    const pageSize = Math.min(1_000, options.limit - found.length);
    const page = await runs.listRuns({ environment: options.environment ?? "", pageSize, pageToken });
    found.push(...page.runs);
    pageToken = page.nextPageToken;
  } while (pageToken !== "" && found.length < options.limit);
  return found;
}

/** A run's root execution is its oldest. */
async function rootAttempts({ runs }: ControlPlane, run: string): Promise<readonly Attempt[]> {
  const { executions } = await runs.listExecutions({ run, pageSize: 1 });
  return executions[0]?.attempts ?? [];
}

async function watchRun(controlPlane: ControlPlane, name: string, json: boolean): Promise<Run | undefined> {
  let last: Run | undefined;
  for await (const run of followRun(controlPlane, name)) {
    last = run;
    if (json) printDocument(toDocument(RunSchema, run));
    else console.log(isLive(run.phase) ? runProgress(run) : runSummary(run));
  }
  return last;
}

function toRow(run: Run): readonly string[] {
  const [from, to] = [run.createdAt, run.endedAt].map((moment) => (moment === undefined ? 0 : timestampMs(moment)));
  return [
    run.name,
    `${run.environment}/${run.task}`,
    showPhase(run.phase),
    showMoment(run.createdAt),
    showSpan(from ?? 0, to ?? 0, Date.now()),
    runProgress(run),
  ];
}
