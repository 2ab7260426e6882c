import type Docker from "dockerode";
import { containerLimits } from "../core/container-limits.ts";
import { agentVariables, type AgentLaunch } from "./agent-variables.ts";
import type { PreparedDockerImage } from "./docker-image-builder.ts";
import type { ReplicaOrder } from "./replica-provider.ts";

/** What containers carry, so that each installation finds its own. */
export const labels = {
  installation: "hearth.installation",
  replica: "hearth.replica",
  environment: "hearth.environment",
  pool: "hearth.pool",
} as const;

/** Everything the engine is to know of a replica's container. */
export function replicaContainer({
  order,
  image,
  launch,
  installation,
  network,
  tools,
}: {
  readonly order: ReplicaOrder;
  readonly image: PreparedDockerImage;
  readonly launch: AgentLaunch;
  readonly installation: string;
  readonly network: string;
  readonly tools: Docker.MountSettings;
}): Docker.ContainerCreateOptions {
  const { memoryBytes, nanoCpus } = containerLimits(order.spec);
  // On the host's network an agent is like any process of it; on another one the container has an address of its own.
  const agentHost = network === "host" ? launch.agentHost : "auto";
  const inherited = openTelemetry(launch.inherited);
  const variables = agentVariables({ ...launch, agentHost, inherited }, order, {
    python: image.python,
    variables: { ...image.ownVariables, ...image.variables },
  });
  return {
    name: `hearth-${installation.slice(0, 8)}-${order.replicaId}`,
    Image: image.id,
    Entrypoint: [...launch.agentCommand],
    Cmd: [],
    Env: environmentOf(variables, image.ownVariables),
    Labels: {
      [labels.installation]: installation,
      [labels.replica]: order.replicaId,
      [labels.environment]: order.environment,
      [labels.pool]: order.pool,
    },
    // The agent says itself how it is.
    Healthcheck: { Test: ["NONE"] },
    HostConfig: {
      // Reaps what the user's code leaves behind, which Node as the first process of a container would not.
      Init: true,
      Mounts: [tools],
      NetworkMode: network,
      RestartPolicy: { Name: "no" },
      AutoRemove: false,
      LogConfig: { Type: "json-file", Config: { "max-size": "1m", "max-file": "2" } },
      // As much with swap as without: none of it is swapped out.
      ...(memoryBytes === undefined ? {} : { Memory: memoryBytes, MemorySwap: memoryBytes }),
      ...(nanoCpus === undefined ? {} : { NanoCpus: nanoCpus }),
      ...(image.hasTmp ? {} : { Tmpfs: { "/tmp": "mode=1777" } }),
    },
  };
}

/**
 * The agent's variables without the image's: those are for the runner, and one such as NODE_OPTIONS would change the
 * agent too. A name without a value takes it away.
 */
function environmentOf(
  variables: Readonly<Record<string, string>>,
  ofImage: Readonly<Record<string, string>>,
): string[] {
  const removed = Object.keys(ofImage).filter((name) => name !== "PATH" && !(name in variables));
  return [...removed, ...Object.entries(variables).map(([name, value]) => `${name}=${value}`)];
}

/** Of the control plane's own variables a container gets those of tracing: the others are about this machine. */
function openTelemetry(variables: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(variables).filter(([name]) => name.startsWith("OTEL_")));
}
