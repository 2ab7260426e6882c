import { systemClock } from "@hearth/clock";
import type { Logger } from "@hearth/telemetry";
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Config } from "./config.ts";
import type { AgentLaunch } from "./io/agent-variables.ts";
import { ProcessReplicaProvider } from "./io/process-replica-provider.ts";
import type { ReplicaProvider } from "./io/replica-provider.ts";

export interface ProviderOptions {
  readonly config: Config;
  readonly variables: NodeJS.ProcessEnv;
  readonly log: Logger;
  /** The folder that holds the agent and the runner where the configuration does not say. */
  readonly programs: string;
}

/** The provider that the configuration names. */
export function openProvider(options: ProviderOptions): ReplicaProvider | Promise<ReplicaProvider> {
  const { config } = options;
  switch (config.provider) {
    case "process":
      return new ProcessReplicaProvider({
        clock: systemClock,
        folder: join(resolve(config.stateFolder), "replicas"),
        cacheFolder: resolve(config.cacheFolder),
        launch: processLaunch(options),
      });
    case "docker":
      return openDocker(options);
  }
}

function processLaunch({ config, variables, programs }: ProviderOptions): AgentLaunch {
  return {
    agentCommand: config.agentCommand ?? [process.execPath, join(programs, "agent.mjs")],
    nodeRunnerCommand: config.nodeRunner ?? [process.execPath, join(programs, "runner.mjs")],
    pythonSdk: config.pythonSdk ?? findPythonSdk(programs),
    natsUrl: config.natsUrl,
    agentHost: config.agentHost,
    cacheFolder: resolve(config.cacheFolder),
    logLevel: config.logLevel,
    inherited: variables,
  };
}

/** The engine's client is loaded when it is asked for: every other start would wait for it. */
async function openDocker({ config, variables, log, programs }: ProviderOptions): Promise<ReplicaProvider> {
  const [{ connectDocker }, { openDockerReplicaProvider }, { findTools, toolsFolder }, { installationId }] =
    await Promise.all([
      import("./io/docker-engine.ts"),
      import("./io/docker-replica-provider.ts"),
      import("./io/docker-tools.ts"),
      import("./io/docker-installation.ts"),
    ]);
  const host = config.dockerHost ?? (variables["DOCKER_HOST"] || "unix:///var/run/docker.sock");
  const engine = await connectDocker(host, variables);
  const tools = await findTools({ programs, pythonSdk: config.pythonSdk ?? findPythonSdk(programs) });
  return openDockerReplicaProvider({
    clock: systemClock,
    log,
    engine,
    installation: installationId(resolve(config.stateFolder)),
    tools,
    bases: { python: config.dockerPythonImage, node: config.dockerNodeImage },
    network: config.dockerNetwork,
    launch: {
      agentCommand: config.agentCommand ?? [...tools.nodeCommand, join(toolsFolder, "agent.mjs")],
      nodeRunnerCommand: config.nodeRunner ?? [...tools.nodeCommand, join(toolsFolder, "runner.mjs")],
      pythonSdk: join(toolsFolder, "python"),
      natsUrl: config.natsUrl,
      agentHost: config.agentHost,
      cacheFolder: "/tmp/hearth",
      logLevel: config.logLevel,
      inherited: variables,
    },
  });
}

/** The nearest libs/sdk-python/src above a folder. */
function findPythonSdk(folder: string): string {
  for (let base = folder; ; base = resolve(base, "..")) {
    const candidate = join(base, "libs", "sdk-python", "src");
    if (existsSync(candidate) || base === resolve(base, "..")) return candidate;
  }
}
