import type { Durations, Source } from "@hearth/simulation/workload";
import { InvalidArgumentError, Option, type Command } from "commander";
import { CliFailure } from "../cli-failure.ts";
import { policyArgument, policyFields, type Candidate } from "../simulate/policy-argument.ts";
import { burstArgument, durationsArgument, rateArgument } from "../simulate/workload-arguments.ts";
import type { WorkloadChoice } from "../simulate/job.ts";
import { duration, wholeNumber } from "./arguments.ts";

export function addSimulateCommand(program: Command): void {
  program
    .command("simulate")
    .description("say what policies would give and cost on a workload, with Hearth's own decisions in virtual time")
    .option(
      "--policy <policy>",
      `a policy as [name:]field=value,...; fields: ${policyFields.join(", ")}; what is left out has its default; may be repeated`,
      each(policyArgument),
    )
    .option("--environment <name>", "the policy of a deployed environment; may be repeated", each(String))
    .option(
      "--rate <rate>",
      "independent arrivals: 50/s, 30/m or 100/h; evenly spaced: 50/s:even; swinging between two rates: 5..50/s@24h (default period: 24h); may be repeated",
      each(rateArgument),
    )
    .option(
      "--burst <executions@period>",
      "so many executions at once, at 0 and after each period, such as 100@60s; may be repeated",
      each(burstArgument),
    )
    .option(
      "--duration <durations>",
      "how long a task works: 200ms; 200ms:exponential (mean); 200ms:lognormal(p95=2s) (median and 95th percentile)",
      durationsArgument,
    )
    .option("--for <duration>", "how long executions arrive, at most 400d (default: 10m)", forArgument)
    .option(
      "--affinity-keys <number>",
      "executions fall on so many affinity keys, 1 to 1000000 (default: none)",
      wholeNumber({ min: 1, max: 1_000_000 }),
    )
    .option(
      "--runs <number>",
      "executions fall on so many runs, 1 to 1000000 (default: each is a run of its own)",
      wholeNumber({ min: 1, max: 1_000_000 }),
    )
    .option(
      "--trace <file>",
      "recorded arrivals instead: CSV with a header, arrival_ms and duration_ms, perhaps run, affinity_key, priority",
    )
    .addOption(
      new Option("--start-up <durations>", "from a replica's start until it is ready, written as --duration")
        .argParser(durationsArgument)
        .default({ kind: "constant", ms: 1_000 } satisfies Durations, "1s"),
    )
    .option("--routers <number>", "routers side by side, 1 to 16", wholeNumber({ min: 1, max: 16 }), 1)
    .option("--seed <number>", "the same seed gives the same figures", wholeNumber({ min: 0, max: 4_294_967_295 }), 1)
    .option(
      "--backlog-max <number>",
      "executions without a slot that a router takes for one pool, 1 to 10000000",
      wholeNumber({ min: 1, max: 10_000_000 }),
      100_000,
    )
    .option("--until-asleep", "go on until the last replica is gone, so that the TTLs at the end are paid too")
    .option("--svg <file>", "write the plots to a file")
    .option("--no-plots", "print no plots")
    .option("--json", "print the figures as one JSON document")
    .addHelpText("after", examples)
    .action(async (options: SimulateCommandOptions) => {
      const { simulate } = await import("../simulate/simulate.ts");
      const { policy: candidates = [], environment: environments = [], startUp, routers, seed, backlogMax } = options;
      if (candidates.length + environments.length === 0) {
        throw new CliFailure("USAGE", "There is nothing to simulate: give --policy or --environment.");
      }
      await simulate({
        candidates,
        environments,
        job: {
          workload: workloadOf(options),
          startUp,
          routers,
          seed,
          backlogMax,
          untilAsleep: options.untilAsleep ?? false,
        },
        svg: options.svg,
        plots: options.plots,
        json: options.json ?? false,
      });
    });
}

interface SimulateCommandOptions {
  readonly policy?: readonly Candidate[];
  readonly environment?: readonly string[];
  readonly rate?: readonly Source[];
  readonly burst?: readonly Source[];
  readonly duration?: Durations;
  readonly for?: number;
  readonly affinityKeys?: number;
  readonly runs?: number;
  readonly trace?: string;
  readonly startUp: Durations;
  readonly routers: number;
  readonly seed: number;
  readonly backlogMax: number;
  readonly untilAsleep?: true;
  readonly svg?: string;
  readonly plots: boolean;
  readonly json?: true;
}

const forDefaultMs = 600_000;
const forMaxMs = 400 * 86_400_000;

function workloadOf(options: SimulateCommandOptions): WorkloadChoice {
  const { rate = [], burst = [], duration: durations, trace, affinityKeys, runs } = options;
  const sources = [...rate, ...burst];
  if (trace !== undefined) {
    const others = [rate, burst, durations, options.for, affinityKeys, runs];
    if (others.some((other) => other !== undefined && !(Array.isArray(other) && other.length === 0))) {
      throw new CliFailure(
        "USAGE",
        "A trace says itself what arrives when: give --trace alone, or --rate and --burst.",
      );
    }
    return { kind: "trace", path: trace };
  }
  if (sources.length === 0)
    throw new CliFailure("USAGE", "No execution would arrive: give --rate, --burst or --trace.");
  if (durations === undefined) throw new CliFailure("USAGE", "Say with --duration how long a task works.");
  return {
    kind: "synthetic",
    workload: { sources, durations, forMs: options.for ?? forDefaultMs, affinityKeys, runs },
  };
}

function forArgument(text: string): number {
  const ms = duration(text);
  if (ms <= forMaxMs) return ms;
  throw new InvalidArgumentError("It must be at most 400d.");
}

/** A parser of an option that may be repeated. */
function each<T>(parse: (text: string) => T): (text: string, before: readonly T[] | undefined) => readonly T[] {
  return (text, before) => [...(before ?? []), parse(text)];
}

const examples = `
Examples:
  What two warm replicas give at 20 executions a second with bursts, and what a buffer adds:
    hearth simulate --rate 20/s --burst 50@60s --duration 200ms:lognormal(p95=1s) --for 30m \\
      --policy "plain:replicas=2..20,concurrency=4" --policy "buffered:replicas=2..20,concurrency=4,buffer_replicas=2"

  The policy of a deployed environment on recorded arrivals, with plots in a file:
    hearth simulate --environment models --trace arrivals.csv --start-up 4s --svg models.svg`;
