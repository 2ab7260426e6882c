import { PoolSchema } from "@hearth/proto";
import type { Command } from "commander";
import { withControlPlane } from "../control-plane.ts";
import { printDocument, toDocument } from "../show/document.ts";
import { poolSummary } from "../show/environment.ts";
import { showMoment } from "../show/times.ts";

export function addWatchCommand(environments: Command): void {
  environments
    .command("watch")
    .argument("<environment>", "its name")
    .description("show the pools of an environment, now and after each change, until Ctrl-C")
    .option("--json", "print one JSON array of pools for each change")
    .action(async (name: string, options: { json?: true }) => {
      await withControlPlane(async (controlPlane) => {
        for await (const { pools } of controlPlane.environments.watchPool({ name })) {
          if (options.json) printDocument(pools.map((pool) => toDocument(PoolSchema, pool)));
          else console.log(`${showMoment(Date.now())}\n${pools.map(poolSummary).join("\n")}\n`);
        }
      });
    });
}
