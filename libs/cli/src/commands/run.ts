import type { Command } from "commander";
import { exitCodes } from "../report-failure.ts";
import { printDocument } from "../show/document.ts";
import { runHead } from "../show/run.ts";

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
    .option("--json", "print the run as a JSON document")
    .passThroughOptions()
    .allowUnknownOption()
    .action(async (file: string, task: string, words: readonly string[], options: { detach?: true; json?: true }) => {
      const [{ launch }, { readTaskArguments }, { followRun }] = await Promise.all([
        import("../run/launch.ts"),
        import("../run/task-arguments.ts"),
        import("../run/follow-run.ts"),
      ]);
      const run = await launch(file, task, readTaskArguments(words));
      const json = options.json ?? false;
      if (!json) console.log(runHead(run));
      if (!options.detach) {
        const succeeded = await followRun(run.name, json);
        if (!succeeded) process.exitCode = exitCodes.failed;
      } else if (json) printDocument(run);
    });
}
