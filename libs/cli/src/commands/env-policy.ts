import { clone, create } from "@bufbuild/protobuf";
import { durationFromMs } from "@bufbuild/protobuf/wkt";
import { EnvironmentSchema, ReusePolicySchema, Scope, type Environment, type ReusePolicy } from "@hearth/proto";
import { Option, type Command } from "commander";
import { CliFailure } from "../cli-failure.ts";
import { withControlPlane } from "../control-plane.ts";
import { printDocument, toDocument } from "../show/document.ts";
import { environmentSummary } from "../show/environment.ts";
import { duration, wholeNumber } from "./arguments.ts";
import { getEnvironment } from "./env.ts";

interface PolicyOptions {
  readonly minReplicas?: number;
  readonly maxReplicas?: number;
  readonly concurrency?: number;
  readonly idleTtl?: number;
  readonly scaledownTtl?: number;
  readonly scope?: "global" | "run";
}

export function addPolicyCommands(environments: Command): void {
  environments
    .command("policy")
    .description("change the policy of an environment")
    .command("set")
    .argument("<environment>", "its name")
    .description("change the policy in place; what is not given stays as it is, and so do the replicas")
    .option("--min-replicas <number>", "replicas kept while awake", wholeNumber({ min: 0, max: 10_000 }))
    .option("--max-replicas <number>", "replicas never exceeded", wholeNumber({ min: 1, max: 10_000 }))
    .option("--concurrency <number>", "slots of each replica", wholeNumber({ min: 1, max: 10_000 }))
    .option(
      "--idle-ttl <duration>",
      "how long the environment may be idle before all its replicas are drained",
      duration,
    )
    .option("--scaledown-ttl <duration>", "how long one replica may be idle before it is drained", duration)
    .addOption(new Option("--scope <scope>", "how far the replicas are shared").choices(["global", "run"]))
    .option("--json", "print the environment as a JSON document")
    .action(async (name: string, options: PolicyOptions & { json?: true }) => {
      const { json, ...changes } = options;
      const environment = await setPolicy(name, changes);
      if (json) return printDocument(toDocument(EnvironmentSchema, environment));
      console.log(environmentSummary(environment));
    });
}

async function setPolicy(name: string, changes: PolicyOptions): Promise<Environment> {
  if (Object.keys(changes).length === 0) {
    throw new CliFailure("USAGE", "Nothing to change: name at least one of the policy's options (--help lists them).");
  }
  return withControlPlane(async (controlPlane) => {
    const { policy } = await getEnvironment(controlPlane, name);
    const request = { name, policy: changePolicy(policy, changes) };
    const { environment } = await controlPlane.environments.updatePolicy(request);
    return environment ?? getEnvironment(controlPlane, name);
  });
}

function changePolicy(present: ReusePolicy | undefined, changes: PolicyOptions): ReusePolicy {
  const policy = present === undefined ? create(ReusePolicySchema) : clone(ReusePolicySchema, present);
  const { idleTtl, scaledownTtl, scope, ...numbers } = changes;
  Object.assign(policy, numbers);
  if (idleTtl !== undefined) policy.idleTtl = durationFromMs(idleTtl);
  if (scaledownTtl !== undefined) policy.scaledownTtl = durationFromMs(scaledownTtl);
  if (scope !== undefined) policy.scope = scope === "run" ? Scope.RUN : Scope.GLOBAL;
  return policy;
}
