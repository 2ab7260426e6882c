import { connectBus, subjects } from "@hearth/bus";
import { systemClock } from "@hearth/clock";
import { LogBatchSchema } from "@hearth/proto";
import { startGrpcServer } from "@hearth/rpc";
import { createLogger, startTracing } from "@hearth/telemetry";
import { agentService } from "./api/agent-service.ts";
import type { End } from "./core/end-cause.ts";
import type { AgentConfig } from "./config.ts";
import { provideBundle } from "./io/bundle-cache.ts";
import { followConcurrency } from "./io/follow-concurrency.ts";
import { fetchFromNats } from "./io/nats-bundles.ts";
import { ownMemory } from "./io/own-memory.ts";
import { payloadsOnDemand } from "./io/payloads.ts";
import { processMemory } from "./io/process-memory.ts";
import { startRunner } from "./io/runner-process.ts";
import { SlotAnnouncer } from "./loops/announce-slots.ts";
import { OutputCollector } from "./loops/collect-output.ts";
import { Drain } from "./loops/drain-replica.ts";
import { giveBackMemory } from "./loops/give-back-memory.ts";
import { Attempts } from "./loops/run-attempts.ts";
import { RunnerSupervisor } from "./loops/supervise-runner.ts";

/** How long the last of what tasks printed may take to be stored. */
const lastOutputMs = 500;

export interface Agent {
  readonly address: string;
  /** Settled when the replica has ended, with why. */
  readonly ended: Promise<string>;
  /** Begins a drain. */
  drain(end: End, graceMs: number): void;
}

/** Wires an agent and starts it. What can overlap does: a replica's start is part of every cold execution. */
export async function buildAgent(config: AgentConfig, variables: NodeJS.ProcessEnv): Promise<Agent> {
  const logger = createLogger("hearth-agent", config.logLevel);
  const clock = systemClock;
  const connecting = connectBus({ url: config.natsUrl, name: `hearth-agent ${config.replicaId}` });
  const bundle = provideBundle({
    sha256: config.bundleSha256,
    ending: config.language === "python" ? ".zip" : ".mjs",
    cacheFolder: config.cacheFolder,
    fetch: fetchFromNats(connecting),
  });
  const runner = new RunnerSupervisor({
    clock,
    logger,
    config,
    startRunner,
    bundle,
    variables: runnerVariables(config, variables),
    memory: processMemory,
  });
  const ended = Promise.withResolvers<string>();
  const tracing = await startTracing("hearth-agent", variables);
  const { replicaId } = config;
  const output = new OutputCollector({
    clock,
    replicaId,
    publish: async (batch, id) => (await connecting).deliver(subjects.logs, LogBatchSchema, batch, id),
  });
  const changed = (): void => announcer.changed();
  // Nothing runs any more: it ends as soon as routers have what it owes them, and one that dies is taken over in that time.
  const finished = (goes: End): void => begin(goes, config.stopGraceMs);
  const attempts = new Attempts({
    ...{ config, clock, logger, tracing, runner, output, changed, finished },
    payloads: payloadsOnDemand(connecting),
  });
  const announcer = new SlotAnnouncer({ clock, config, announced: () => attempts });
  runner.start(attempts);
  const drain = new Drain({ attempts, clock, end: (goes) => void end(goes) });
  const begin = (goes: End, graceMs: number): void => {
    logger.info({ ...goes, graceMs }, "draining");
    drain.begin(goes, graceMs);
  };
  const [bus, server] = await Promise.all([
    connecting,
    startGrpcServer({
      host: config.host,
      port: config.port,
      services: [agentService(attempts, begin)],
      report: (errorId, error) => logger.error({ errorId, err: error }, "request failed unexpectedly"),
    }),
  ]);
  const address = `${config.host}:${server.port}`;
  announcer.start(bus, address);
  logger.info({ replicaId, address, environment: config.environment, version: config.version }, "agent is ready");
  endWithoutNats();
  giveBackMemory({ clock, logger, announced: () => attempts, memory: ownMemory });
  if (config.pool === config.environment) {
    followConcurrency(bus, config.environment, (concurrency) => attempts.setTotal(concurrency)).catch(
      (error: unknown) => logger.warn({ err: error }, "the policy can no longer be followed"),
    );
  }

  async function end(goes: End): Promise<void> {
    announcer.ended(goes);
    attempts.endStreams();
    const told = output.close(lastOutputMs).then(() => bus.close());
    await Promise.all([runner.stop(), told, tracing.stop(), server.stop(500)]);
    ended.resolve(goes.reason);
  }

  /** A replica that nobody can hear of any more ends itself. */
  function endWithoutNats(): void {
    let lostAt: number | undefined;
    clock.every(1_000, () => {
      const now = clock.now();
      if (bus.isConnected()) lostAt = undefined;
      else lostAt ??= now;
      if (lostAt !== undefined && now - lostAt >= config.orphanTimeoutMs)
        begin({ cause: "LOST", reason: "NATS was away for too long" }, config.stopGraceMs);
    });
  }

  return { address, ended: ended.promise, drain: begin };
}

const passedOn = ["PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR"];

/** The runner sees the image's process variables and a few of the system's, and nothing else of the agent's. */
function runnerVariables(config: AgentConfig, variables: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const inherited = Object.entries(variables).filter(([name]) => passedOn.includes(name) || name.startsWith("OTEL_"));
  return {
    ...Object.fromEntries(inherited),
    ...config.runnerVariables,
    HEARTH_REPLICA_ID: config.replicaId,
    HEARTH_ENVIRONMENT: config.environment,
    HEARTH_VERSION: config.version,
  };
}
