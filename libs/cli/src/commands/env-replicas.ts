import { ReplicaSchema } from "@hearth/proto";
import type { Command } from "commander";
import { withControlPlane } from "../control-plane.ts";
import { printDocument, toDocument } from "../show/document.ts";
import { replicaTable } from "../show/environment.ts";
import { wholeNumber } from "./arguments.ts";

export function addReplicasCommand(environments: Command): void {
  environments
    .command("replicas")
    .argument("<environment>", "its name")
    .description("list the replicas an environment has and had, newest first, with why each came and went")
    .option("--limit <count>", "the newest so many, 1 to 1000", wholeNumber({ min: 1, max: 1_000 }), 50)
    .option("--json", "print a JSON array")
    .action(async (environment: string, options: { limit: number; json?: true }) => {
      const { limit } = options;
      const { replicas } = await withControlPlane((controlPlane) =>
        controlPlane.environments.listReplicas({ environment, limit }),
      );
      if (options.json) return printDocument(replicas.map((replica) => toDocument(ReplicaSchema, replica)));
      console.log(replicaTable(replicas));
    });
}
