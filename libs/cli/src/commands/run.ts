import type { Command } from "commander";
import { deadline, key, limit, wholeNumber } from "./arguments.ts";
import { exitCodes } from "../report-failure.ts";
import { printDocument } from "../show/document.ts";
import type { LaunchOptions } from "../run/launch.ts";
import { runHead } from "../show/run.ts";

interface RunOptions extends Omit<LaunchOptions, "timeoutMs" | "queueTimeoutMs"> {
  readonly timeout?: number;
  readonly queueTimeout?: number;
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
      key,
    )
    .option(
      "--fresh-replica",
      "run in a fresh replica, which ends with the run (default: one of the environment's own)",
    )
    .option(
      "--retries <number>",
      "attempts that may follow one that did not succeed, 0 to 1000 (default: as the task declares)",
      wholeNumber({ min: 0, max: 1_000 }),
    )
    .option(
      "--timeout <duration>",
      "how long one attempt may take, such as 90s, at most 30d (default: as the task declares)",
      limit,
    )
    .option(
      "--queue-timeout <duration>",
      "how long it may wait for its first slot, at most 30d (default: as the task declares)",
      limit,
    )
    .option(
      "--deadline <time>",
      "when the run ends at the latest, such as 30m from now or 2030-01-31T18:00:00Z (default: never)",
      (text) => deadline(text, Date.now()),
    )
    .option(
      "--idempotency-key <key>",
      "the same key asks for the same run, 1 to 200 characters (default: a run of its own)",
      key,
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
      const { timeout, queueTimeout, ...others } = options;
      const run = await launch(file, task, readTaskArguments(words), {
        ...others,
        ...(timeout !== undefined && { timeoutMs: timeout }),
        ...(queueTimeout !== undefined && { queueTimeoutMs: queueTimeout }),
      });
      const json = options.json ?? false;
      if (!json) console.log(runHead(run));
      if (!options.detach) {
        const succeeded = await followRun(run.name, json);
        if (!succeeded) process.exitCode = exitCodes.failed;
      } else if (json) printDocument(run);
    });
}
