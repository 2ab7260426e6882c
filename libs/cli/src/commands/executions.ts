import { ExecutionSchema, type Execution } from "@hearth/proto";
import type { Command } from "commander";
import { withControlPlane, type ControlPlane } from "../control-plane.ts";
import { printDocument, toDocument } from "../show/document.ts";
import { executionHeadings, executionRows } from "../show/execution.ts";
import { table } from "../show/table.ts";

export function addExecutionsCommand(program: Command): void {
  program
    .command("executions")
    .argument("<run>", "the run's name")
    .description("list the executions of a run, oldest first, a row for each attempt")
    .option("--json", "print a JSON array")
    .action(async (run: string, options: { json?: true }) => {
      const executions = await withControlPlane((controlPlane) => listAll(controlPlane, run));
      if (options.json) return printDocument(executions.map((execution) => toDocument(ExecutionSchema, execution)));
      const nowMs = Date.now();
      console.log(
        table(
          executionHeadings,
          executions.flatMap((execution) => executionRows(execution, nowMs)),
        ),
      );
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
