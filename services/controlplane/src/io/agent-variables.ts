import type { PreparedImage } from "./image-builder.ts";
import type { ReplicaOrder } from "./replica-provider.ts";

/** What all replicas on this machine are started with. */
export interface AgentLaunch {
  readonly agentCommand: readonly string[];
  readonly nodeRunnerCommand: readonly string[];
  /** Folder that holds the Python package `hearth`. */
  readonly pythonSdk: string;
  readonly natsUrl: string;
  /** Host name or address agents listen on and announce. */
  readonly agentHost: string;
  readonly cacheFolder: string;
  readonly logLevel: string;
  /** The control plane's own process variables, of which only a few are passed on. */
  readonly inherited: NodeJS.ProcessEnv;
}

const passedOn = ["PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "NODE_COMPILE_CACHE", "HEARTH_CANCEL_GRACE_MS"];

/** All process variables of a new agent. What else the control plane was started with stays with it. */
export function agentVariables(
  launch: AgentLaunch,
  order: ReplicaOrder,
  image: PreparedImage,
): Readonly<Record<string, string>> {
  const { spec } = order;
  const python = spec.language === "python";
  const runnerCommand = python ? [image.python, "-m", "hearth.runner"] : launch.nodeRunnerCommand;
  return {
    ...inherited(launch.inherited),
    HEARTH_NATS_URL: launch.natsUrl,
    HEARTH_REPLICA_ID: order.replicaId,
    HEARTH_ENVIRONMENT: order.environment,
    HEARTH_POOL: order.pool,
    HEARTH_VERSION: order.version,
    HEARTH_CONCURRENCY: String(order.concurrency),
    HEARTH_SINGLE_USE: String(order.singleUse),
    HEARTH_BUNDLE_SHA256: spec.bundleSha256,
    HEARTH_TASKS: JSON.stringify(spec.tasks.map(({ name, entrypoint }) => ({ name, entrypoint }))),
    HEARTH_LANGUAGE: spec.language,
    HEARTH_RUNNER_COMMAND: JSON.stringify(runnerCommand),
    HEARTH_RUNNER_VARIABLES: JSON.stringify(python ? withSdk(image.variables, launch.pythonSdk) : image.variables),
    HEARTH_AGENT_HOST: launch.agentHost,
    HEARTH_CACHE_DIR: launch.cacheFolder,
    HEARTH_LOG_LEVEL: launch.logLevel,
  };
}

/** The user's own PYTHONPATH comes after the package that runs the user's code. */
function withSdk(variables: Readonly<Record<string, string>>, pythonSdk: string): Readonly<Record<string, string>> {
  const own = variables["PYTHONPATH"];
  return { ...variables, PYTHONPATH: own === undefined ? pythonSdk : `${pythonSdk}:${own}` };
}

function inherited(variables: NodeJS.ProcessEnv): Readonly<Record<string, string>> {
  const chosen: Record<string, string> = {};
  for (const [name, value] of Object.entries(variables)) {
    if (value !== undefined && (passedOn.includes(name) || name.startsWith("OTEL_"))) chosen[name] = value;
  }
  return chosen;
}
