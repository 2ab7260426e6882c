import { connectBus, ensureStreams } from "@hearth/bus";
import { systemClock } from "@hearth/clock";
import { newId } from "@hearth/ids";
import { inlineBytesMax, natsPayloadStore, payloadHandlers } from "@hearth/payloads";
import { PayloadService } from "@hearth/proto";
import { service, startGrpcServer } from "@hearth/rpc";
import { createLogger, startMetrics, startTracing } from "@hearth/telemetry";
import { executionService } from "./api/execution-service.ts";
import type { RouterConfig } from "./config.ts";
import { retention } from "./core/ended-executions.ts";
import { RouterMachine } from "./core/router-machine.ts";
import { openAgentConnection } from "./io/agent-connection.ts";
import { followCatalogue } from "./io/catalogue.ts";
import { IdempotencyKeys } from "./io/idempotency-keys.ts";
import { JetStreamJournal } from "./io/jetstream-journal.ts";
import { JournalTails } from "./io/journal-tail.ts";
import { Locator } from "./io/locator.ts";
import { OpenJournals } from "./io/open-journals.ts";
import { PeerRouterClients } from "./io/peer-router.ts";
import { RouterMetrics } from "./io/router-metrics.ts";
import { AcceptExecutions } from "./loops/accept-executions.ts";
import { AdoptRouters } from "./loops/adopt-routers.ts";
import { LocateExecutions } from "./loops/locate-executions.ts";
import { ReplicaFollower } from "./loops/follow-replicas.ts";
import { DemandReporter } from "./loops/report-demand.ts";
import { Executions } from "./loops/run-executions.ts";

/** How often executions are looked for that are to be written to the journal again. */
const carryEveryMs = 1_000;

export interface Router {
  readonly grpcPort: number;
  /** Settled with the id of the router that took over from this one, which has to end then. */
  readonly superseded: Promise<string>;
  /** Refuses new executions, waits for those it has, then leaves. */
  stop(graceMs: number): Promise<void>;
}

export type OpenJournal = (options: ConstructorParameters<typeof JetStreamJournal>[0]) => JetStreamJournal;

/** Wires a router and starts it. Another journal than the one there is is for measurements only. */
export async function buildRouter(
  config: RouterConfig,
  openJournal: OpenJournal = (options) => new JetStreamJournal(options),
): Promise<Router> {
  const routerId = newId(systemClock.now());
  const logger = createLogger("hearth-router", config.logLevel);
  const clock = systemClock;
  const [tracing, measured, bus] = await Promise.all([
    startTracing("hearth-router", process.env),
    startMetrics("hearth-router", process.env),
    connectBus({ url: config.natsUrl, name: `hearth-router ${routerId}` }),
  ]);
  await ensureStreams(bus);
  const tails = new JournalTails(bus);
  const superseded = Promise.withResolvers<string>();
  const journal = openJournal({ bus, clock, routerId, tails, superseded: superseded.resolve });
  const keys = await IdempotencyKeys.open(bus);
  const machine = new RouterMachine(retention);
  const replicas = new ReplicaFollower({ routerId, clock, logger, openConnection: openAgentConnection });
  const bounds = { argumentBytesMax: inlineBytesMax, backlogMax: config.backlogMax };
  const demand = new DemandReporter({ bus, clock, machine, routerId });
  const demandChanged = (): void => demand.changed();
  const metrics = new RouterMetrics(measured);
  metrics.watchBacklogs(() => machine.pools());
  const executions = new Executions({
    ...{ machine, journal, tracing, metrics, clock, bounds, agents: replicas, demandChanged },
    // What cannot be forgotten now is forgotten by its age.
    keyForgotten: (key) => void keys.forget(key).catch(() => undefined),
  });
  const catalogue = await followCatalogue(bus, {
    change(change) {
      if (change.kind === "put") executions.putEnvironment(change.environment);
      else executions.deleteEnvironment(change.name);
    },
    ignored: (name) => logger.warn({ environment: name }, "catalogue entry could not be read"),
    failed: (error) => logger.error({ err: error }, "catalogue can no longer be followed"),
  });
  replicas.start(bus, executions);
  const journals = new OpenJournals(bus, clock, tails);
  const routers = new AdoptRouters({
    ...{ routerId, bus, clock, log: logger, tails, journals, journal, executions },
    adopted(ids, theirs) {
      replicas.adopted(ids);
      executions.adopt(theirs);
    },
  });
  const locator = new Locator(bus, clock, routerId);
  const peers = new PeerRouterClients();
  const located = new LocateExecutions({ routerId, clock, executions, routers, locator, keys });
  const accepting = new AcceptExecutions({ clock, executions, located, peers });
  const report = (errorId: string, error: unknown): void =>
    logger.error({ errorId, err: error }, "request failed unexpectedly");
  const server = await startGrpcServer({
    host: config.host,
    port: config.grpcPort,
    services: [
      executionService({ clock, executions, accepting, located, peers, report }),
      service(PayloadService, payloadHandlers(natsPayloadStore(bus))),
    ],
    report,
  });
  const address = `${config.advertisedHost}:${server.port}`;
  await journal.open(address);
  locator.answer(address, (executionId, askerId) => located.isHere(executionId, askerId));
  await routers.start(address);
  demand.start(address);
  clock.every(carryEveryMs, () => executions.carryStragglers());
  logger.info({ routerId, port: server.port }, "router is ready");
  return {
    grpcPort: server.port,
    superseded: superseded.promise,
    async stop(graceMs) {
      server.setServing(false);
      executions.drain();
      await server.stop(graceMs);
      replicas.stop();
      catalogue.stop();
      await journal.close(graceMs);
      demand.stop();
      peers.close();
      await bus.close();
      await Promise.all([tracing.stop(), measured.stop()]);
    },
  };
}
