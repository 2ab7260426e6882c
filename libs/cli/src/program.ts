import { Command } from "commander";
import { addDevCommand } from "./commands/dev.ts";
import { addEnvironmentCommands } from "./commands/env.ts";
import { addExecutionsCommand } from "./commands/executions.ts";
import { addLogsCommand } from "./commands/logs.ts";
import { addRunCommand } from "./commands/run.ts";
import { addRunsCommands } from "./commands/runs.ts";
import { addSimulateCommand } from "./commands/simulate.ts";
import { exitCodes, reportFailure } from "./report-failure.ts";

/** Runs one command and answers with the exit code: 0 done, 1 failed, 2 not understood. */
export async function runCommandLine(args: readonly string[]): Promise<number> {
  const json = args.includes("--json");
  const program = createProgram({ quietUsage: json });
  try {
    await program.parseAsync(args, { from: "user" });
    return Number(process.exitCode ?? exitCodes.ok);
  } catch (thrown) {
    return reportFailure(thrown, json);
  }
}

/** All commands. With `quietUsage` what is wrong with a command line is not printed as text. */
export function createProgram(options: { readonly quietUsage: boolean }): Command {
  const program = new Command("hearth")
    .description("Keeps containers warm and sends work to them.")
    .exitOverride()
    .showHelpAfterError("(--help shows how)")
    .configureOutput(options.quietUsage ? { writeErr: () => undefined } : {})
    .enablePositionalOptions();
  addDevCommand(program);
  addRunCommand(program);
  addRunsCommands(program);
  addExecutionsCommand(program);
  addLogsCommand(program);
  addEnvironmentCommands(program);
  addSimulateCommand(program);
  return program;
}
