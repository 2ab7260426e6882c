import { waitUntilReady } from "@hearth/sdk/wait-until-ready";
import type { Command } from "commander";
import { CliFailure } from "../cli-failure.ts";
import { withControlPlane, type ControlPlane } from "../control-plane.ts";
import { printDocument } from "../show/document.ts";
import { duration, wholeNumber } from "./arguments.ts";

interface WarmOptions {
  readonly replicas?: number;
  readonly wait?: true;
  readonly timeout?: number;
  readonly json?: true;
}

const timeoutDefaultMs = 120_000;

export function addWarmCommand(environments: Command): void {
  environments
    .command("warm")
    .argument("<environment>", "its name")
    .description("start replicas before anybody asks for an execution; they stay for as long as the policy's TTLs say")
    .option(
      "--replicas <number>",
      "replicas to have at least, 1 to 10000; at most max replicas count (default: min replicas, or 1 when that is 0)",
      wholeNumber({ min: 1, max: 10_000 }),
    )
    .option("--wait", "return once that many are ready; exit 1 when that takes too long (default: return at once)")
    .option("--timeout <duration>", "how long --wait waits (default: 120s)", duration)
    .option("--json", "print a JSON document")
    .action(async (name: string, options: WarmOptions) => {
      const wanted = await withControlPlane((controlPlane) => warm(controlPlane, name, options));
      if (options.json) return printDocument({ name, replicas: wanted, ready: options.wait ?? false });
      console.log(
        options.wait
          ? `Environment ${name} has ${wanted} replicas ready.`
          : `Environment ${name} is going to have ${wanted} replicas; \`hearth env watch ${name}\` shows them.`,
      );
    });
}

async function warm({ environments }: ControlPlane, name: string, options: WarmOptions): Promise<number> {
  const { replicas: wanted } = await environments.warmEnvironment({ name, replicas: options.replicas ?? 0 });
  if (!options.wait) return wanted;
  try {
    await waitUntilReady(environments, { name, wanted, timeoutMs: options.timeout ?? timeoutDefaultMs });
  } catch (error) {
    if (error instanceof DOMException && error.name === "TimeoutError")
      throw new CliFailure("NOT_READY", error.message);
    throw error;
  }
  return wanted;
}
