import { ExecutionSchema, type Execution } from "@hearth/proto";
import type { Command } from "commander";
import { withControlPlane, type ControlPlane } from "../control-plane.ts";
import { printDocument, toDocument } from "../show/document.ts";
import { showPhase } from "../show/names.ts";
import { table } from "../show/table.ts";
import { showMoment, showSpan } from "../show/times.ts";

export function addExecutionsCommand(program: Command): void {
  program
    .command("executions")
    .argument("<run>", "the run's name")
    .description("list the executions of a run, oldest first")
    .option("--json", "print a JSON array")
    .action(async (run: string, options: { json?: true }) => {
      const executions = await withControlPlane((controlPlane) => listAll(controlPlane, run));
      if (options.json) return printDocument(executions.map((execution) => toDocument(ExecutionSchema, execution)));
      console.log(table(headings, executions.map(toRow)));
    });
}

async function listAll({ runs }: ControlPlane, run: string): Promise<readonly Execution[]> {
  const executions: Execution[] = [];
  let pageToken = "";
  do {
    const page = await runs.listExecutions({ run, pageSize: 1_000, pageToken });
    executions.push(...page.executions);
    pageToken = page.nextPageToken;
  } while (pageToken !== "");
  return executions;
}

const headings = ["execution", "task", "phase", "accepted", "took", "attempts", "replica", "runner", "waited because"];

function toRow(execution: Execution): readonly string[] {
  const last = execution.attempts.at(-1);
  return [
    execution.id,
    `${execution.environment}/${execution.task}`,
    showPhase(execution.phase),
    showMoment(execution.acceptedUnixMs),
    showSpan(execution.acceptedUnixMs, execution.endedUnixMs, Date.now()),
    String(execution.attempts.length),
    last?.replicaId ?? "",
    last === undefined || last.runnerPid === 0 ? "" : String(last.runnerPid),
    execution.waitReason || (last?.waitReason ?? ""),
  ];
}
