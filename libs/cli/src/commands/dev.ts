import { Option, type Command } from "commander";
import { wholeNumber } from "./arguments.ts";

export function addDevCommand(program: Command): void {
  program
    .command("dev")
    .description("run Hearth on this machine until Ctrl-C: NATS, control plane, routers and replicas")
    .option("-p, --port <base>", portHelp, wholeNumber({ min: 0, max: 65_000 }))
    .option("--state-dir <folder>", "where everything is kept", ".hearth")
    .option("--routers <count>", "routers side by side, 1 to 16", wholeNumber({ min: 1, max: 16 }), 1)
    .addOption(
      new Option("--provider <name>", "what replicas are: processes here, or containers of the Docker engine")
        .choices(["process", "docker"])
        .env("HEARTH_PROVIDER")
        .default("process"),
    )
    .option("--verbose", "show the services' logs here too")
    .option("--json", "print what is ready as one JSON document instead of a banner")
    .action(async (options: DevCommandOptions) => {
      const { runDev } = await import("../dev/dev.ts");
      await runDev({
        stateDir: options.stateDir,
        portBase: options.port,
        routers: options.routers,
        provider: options.provider,
        verbose: options.verbose ?? false,
        json: options.json ?? false,
      });
    });
}

interface DevCommandOptions {
  readonly port?: number;
  readonly stateDir: string;
  readonly routers: number;
  readonly provider: string;
  readonly verbose?: true;
  readonly json?: true;
}

const portHelp =
  "HTTP here, gRPC of control plane and router and NATS at the 1st, 2nd and 4th port after it; 0: any free ports " +
  "(default: 7700, or free ports when those are taken)";
