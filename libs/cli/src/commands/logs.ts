import { LogLineSchema, type LogLine } from "@hearth/proto";
import { followLogs } from "@hearth/sdk/follow";
import type { Command } from "commander";
import { withControlPlane } from "../control-plane.ts";
import { printDocument, toDocument } from "../show/document.ts";

export function addLogsCommand(program: Command): void {
  program
    .command("logs")
    .argument("<run>", "the run's name")
    .description("print what the tasks of a run printed, oldest first; lines go where the task wrote them")
    .option("-f, --follow", "stay until the run has ended")
    .option("-e, --execution <id>", "only this execution, without its id before each line")
    .option("--json", "print one JSON document a line")
    .action(async (run: string, options: { follow?: true; execution?: string; json?: true }) => {
      const print = options.json ? printJson : options.execution === undefined ? printWithId : printBare;
      await withControlPlane(async (controlPlane) => {
        const request = { run, executionId: options.execution ?? "", follow: options.follow ?? false };
        for await (const line of followLogs(controlPlane, request)) print(line);
      });
    });
}

function printJson(line: LogLine): void {
  printDocument(toDocument(LogLineSchema, line));
}

function printWithId(line: LogLine): void {
  streamOf(line).write(`${line.executionId} ${line.text}\n`);
}

function printBare(line: LogLine): void {
  streamOf(line).write(`${line.text}\n`);
}

function streamOf(line: LogLine): NodeJS.WriteStream {
  return line.stream === "stderr" ? process.stderr : process.stdout;
}
