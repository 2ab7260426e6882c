import { clone, create } from "@bufbuild/protobuf";
import { durationFromMs } from "@bufbuild/protobuf/wkt";
import {
  EnvironmentSchema,
  RecyclingSchema,
  ReusePolicySchema,
  Scope,
  type Environment,
  type Recycling,
  type ReusePolicy,
} from "@hearth/proto";
import { Option, type Command } from "commander";
import { CliFailure } from "../cli-failure.ts";
import { withControlPlane } from "../control-plane.ts";
import { printDocument, toDocument } from "../show/document.ts";
import { environmentSummary } from "../show/environment.ts";
import { duration, memory, orOff, wholeNumber } from "./arguments.ts";
import { getEnvironment } from "./env.ts";

interface PolicyOptions {
  readonly minReplicas?: number;
  readonly maxReplicas?: number;
  readonly concurrency?: number;
  readonly idleTtl?: number;
  readonly scaledownTtl?: number;
  readonly scope?: "global" | "run";
  readonly bufferReplicas?: number;
  readonly recycleAfterExecutions?: number;
  readonly recycleAboveMemory?: string;
  readonly recycleAfterAge?: number | "off";
  readonly singleUse?: boolean;
  readonly isolateOutOfMemory?: boolean;
}

export function addPolicyCommands(environments: Command): void {
  environments
    .command("policy")
    .description("change the policy of an environment")
    .command("set")
    .argument("<environment>", "its name")
    .description("change the policy in place; what is not given stays as it is, and so do the replicas")
    .option(
      "--min-replicas <number>",
      "replicas kept while awake, 0 to 10000 (a new environment's: 2)",
      wholeNumber({ min: 0, max: 10_000 }),
    )
    .option(
      "--max-replicas <number>",
      "replicas never exceeded, 1 to 10000 (a new environment's: 2)",
      wholeNumber({ min: 1, max: 10_000 }),
    )
    .option(
      "--concurrency <number>",
      "slots of each replica, 1 to 10000 (a new environment's: 1)",
      wholeNumber({ min: 1, max: 10_000 }),
    )
    .option(
      "--idle-ttl <duration>",
      "how long the environment may be idle before all its replicas are drained, such as 90s or 2h, at most 30d (a new environment's: 30s)",
      duration,
    )
    .option(
      "--scaledown-ttl <duration>",
      "how long one replica may be idle before it is drained, at most 30d (a new environment's: 30s)",
      duration,
    )
    .addOption(
      new Option("--scope <scope>", "how far the replicas are shared (a new environment's: global)").choices([
        "global",
        "run",
      ]),
    )
    .option(
      "--buffer-replicas <number>",
      "idle replicas kept beyond those in use, 0 to 10000 (a new environment's: 0)",
      wholeNumber({ min: 0, max: 10_000 }),
    )
    .option(
      "--recycle-after-executions <number>",
      "executions after which a replica is replaced, 1 to 1000000000, or off (a new environment's: off)",
      orOff(wholeNumber({ min: 1, max: 1_000_000_000 }), 0),
    )
    .option(
      "--recycle-above-memory <bytes>",
      "memory of its runner above which a replica is replaced, such as 800Mi, or off (a new environment's: off)",
      orOff(memory, ""),
    )
    .option(
      "--recycle-after-age <duration>",
      "age at which a replica is replaced, such as 12h, at most 30d, or off (a new environment's: off)",
      orOff(duration, "off"),
    )
    .option("--single-use", "every replica serves one execution and ends; needs concurrency 1")
    .option("--no-single-use", "replicas serve many executions (a new environment's)")
    .option(
      "--isolate-out-of-memory",
      "an execution that ran out of memory alone gets one more attempt, in a fresh replica of its own",
    )
    .option("--no-isolate-out-of-memory", "it ends with OUT_OF_MEMORY (a new environment's)")
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

/** The present policy with what was given. */
export function changePolicy(present: ReusePolicy | undefined, changes: PolicyOptions): ReusePolicy {
  const policy = present === undefined ? create(ReusePolicySchema) : clone(ReusePolicySchema, present);
  const { minReplicas, maxReplicas, concurrency, idleTtl, scaledownTtl, scope } = changes;
  if (minReplicas !== undefined) policy.minReplicas = minReplicas;
  if (maxReplicas !== undefined) policy.maxReplicas = maxReplicas;
  if (concurrency !== undefined) policy.concurrency = concurrency;
  if (idleTtl !== undefined) policy.idleTtl = durationFromMs(idleTtl);
  if (scaledownTtl !== undefined) policy.scaledownTtl = durationFromMs(scaledownTtl);
  if (scope !== undefined) policy.scope = scope === "run" ? Scope.RUN : Scope.GLOBAL;
  const { bufferReplicas, singleUse, isolateOutOfMemory } = changes;
  if (bufferReplicas !== undefined) policy.bufferReplicas = bufferReplicas;
  if (singleUse !== undefined) policy.singleUse = singleUse;
  if (isolateOutOfMemory !== undefined) policy.isolateOutOfMemory = isolateOutOfMemory;
  changeRecycling((policy.recycling ??= create(RecyclingSchema)), changes);
  return policy;
}

function changeRecycling(recycling: Recycling, changes: PolicyOptions): void {
  const { recycleAfterExecutions, recycleAboveMemory, recycleAfterAge } = changes;
  if (recycleAfterExecutions !== undefined) recycling.afterExecutions = recycleAfterExecutions;
  if (recycleAboveMemory !== undefined) recycling.aboveMemory = recycleAboveMemory;
  if (recycleAfterAge === "off") delete recycling.afterAge;
  else if (recycleAfterAge !== undefined) recycling.afterAge = durationFromMs(recycleAfterAge);
}
