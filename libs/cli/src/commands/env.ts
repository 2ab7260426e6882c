import { EnvironmentSchema, type Environment } from "@hearth/proto";
import type { Command } from "commander";
import { withControlPlane, type ControlPlane } from "../control-plane.ts";
import { printDocument, toDocument } from "../show/document.ts";
import { environmentRow, environmentSummary } from "../show/environment.ts";
import { table } from "../show/table.ts";
import { addPolicyCommands } from "./env-policy.ts";
import { addReplicasCommand } from "./env-replicas.ts";
import { addWarmCommand } from "./env-warm.ts";
import { addWatchCommand } from "./env-watch.ts";

interface Json {
  readonly json?: true;
}

export function addEnvironmentCommands(program: Command): void {
  const environments = program.command("env").description("list, show, change, warm up, delete and watch environments");
  addList(environments);
  addGet(environments);
  addPolicyCommands(environments);
  addWarmCommand(environments);
  addDelete(environments);
  addReplicasCommand(environments);
  addWatchCommand(environments);
}

function addList(environments: Command): void {
  environments
    .command("list")
    .description("list the environments by name")
    .option("--json", "print a JSON array")
    .action(async (options: Json) => {
      const found = await withControlPlane((controlPlane) => controlPlane.environments.listEnvironments({}));
      if (options.json) return printDocument(found.environments.map(toEnvironmentDocument));
      console.log(
        table(["environment", "language", "version", "tasks", "policy"], found.environments.map(environmentRow)),
      );
    });
}

function addGet(environments: Command): void {
  environments
    .command("get")
    .argument("<environment>", "its name")
    .description("show an environment")
    .option("--json", "print a JSON document")
    .action(async (name: string, options: Json) => {
      const environment = await withControlPlane((controlPlane) => getEnvironment(controlPlane, name));
      if (options.json) return printDocument(toEnvironmentDocument(environment));
      console.log(environmentSummary(environment));
    });
}

function addDelete(environments: Command): void {
  environments
    .command("delete")
    .argument("<environment>", "its name")
    .description("remove an environment and drain its replicas; its history stays")
    .option("--json", "print a JSON document")
    .action(async (name: string, options: Json) => {
      await withControlPlane((controlPlane) => controlPlane.environments.deleteEnvironment({ name }));
      if (options.json) return printDocument({ name, deleted: true });
      console.log(`Deleted environment ${name}; its replicas are being drained.`);
    });
}

/** The environment of that name. Throws ENVIRONMENT_NOT_FOUND. */
export async function getEnvironment({ environments }: ControlPlane, name: string): Promise<Environment> {
  const { environment } = await environments.getEnvironment({ name });
  if (environment === undefined) throw new Error(`The control plane answered without environment ${name}.`);
  return environment;
}

function toEnvironmentDocument(environment: Environment): unknown {
  return toDocument(EnvironmentSchema, environment);
}
