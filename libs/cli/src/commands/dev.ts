import type { Command } from "commander";
import { wholeNumber } from "./arguments.ts";

export function addDevCommand(program: Command): void {
  program
    .command("dev")
    .description("run Hearth on this machine until Ctrl-C: NATS, control plane and router, replicas as processes")
    .option("-p, --port <base>", portHelp, wholeNumber({ min: 0, max: 65_000 }))
    .option("--state-dir <folder>", "where everything is kept", ".hearth")
    .option("--verbose", "show the services' logs here too")
    .option("--json", "print what is ready as one JSON document instead of a banner")
    .action(async (options: { port?: number; stateDir: string; verbose?: true; json?: true }) => {
      const { runDev } = await import("../dev/dev.ts");
      await runDev({
        stateDir: options.stateDir,
        portBase: options.port,
        verbose: options.verbose ?? false,
        json: options.json ?? false,
      });
    });
}

const portHelp =
  "HTTP here, gRPC of control plane and router and NATS at the 1st, 2nd and 4th port after it; 0: any free ports " +
  "(default: 7700, or free ports when those are taken)";
