import type { Command } from "commander";
import { affinityKey, wholeNumber } from "./arguments.ts";
import { exitCodes } from "../report-failure.ts";
import { printDocument } from "../show/document.ts";
import type { LaunchOptions } from "../run/launch.ts";
import { runHead } from "../show/run.ts";

interface RunOptions extends LaunchOptions {
  readonly detach?: true;
  readonly json?: true;
}

export function addRunCommand(program: Command): void {
  program
    .command("run")
    .usage("[options] <file> <task> [--argument value ...]")
    .argument("<file>", "a Python or TypeScript program that declares environments")
    .argument("<task>", "one of its tasks, by name")
    .argument("[arguments...]", "the task's arguments by parameter name, as JSON or as text")
    .description(
      "deploy what a program declares and run one of its tasks; exits 1 when the run does not succeed, Ctrl-C cancels it",
    )
    .option("-d, --detach", "do not wait for the run to end")
    .option(
      "--priority <number>",
      "executions of a higher priority get a slot first, -10 to 10 (default: 0); what the run calls inherits it",
      wholeNumber({ min: -10, max: 10 }),
    )
    .option(
      "--affinity-key <key>",
      "prefer the replica that executions with this key ran in, 1 to 200 characters (default: any replica)",
      affinityKey,
    )
    .option(
      "--fresh-replica",
      "run in a fresh replica, which ends with the run (default: one of the environment's own)",
    )
    .option("--json", "print the run as a JSON document")
    .passThroughOptions()
    .allowUnknownOption()
    .action(async (file: string, task: string, words: readonly string[], options: RunOptions) => {
      const [{ launch }, { readTaskArguments }, { followRun }] = await Promise.all([
        import("../run/launch.ts"),
        import("../run/task-arguments.ts"),
        import("../run/follow-run.ts"),
      ]);
      const run = await launch(file, task, readTaskArguments(words), options);
      const json = options.json ?? false;
      if (!json) console.log(runHead(run));
      if (!options.detach) {
        const succeeded = await followRun(run.name, json);
        if (!succeeded) process.exitCode = exitCodes.failed;
      } else if (json) printDocument(run);
    });
}
