import { buckets, connectBus, streams, subjects, type Bus } from "@hearth/bus";
import { systemClock } from "@hearth/clock";
import { natsPayloadStore, payloadHandlers } from "@hearth/payloads";
import { BundleService, EnvironmentService, PayloadService, RunService, SlotAnnouncementSchema } from "@hearth/proto";
import { service, startGrpcServer } from "@hearth/rpc";
import { createLogger, startMetrics, startTracing } from "@hearth/telemetry";
import { hostname } from "node:os";
import { join } from "node:path";
import { bundleHandlers } from "./api/bundle-service.ts";
import { environmentHandlers } from "./api/environment-service.ts";
import { Environments } from "./api/environments.ts";
import { servePages } from "./api/pages/serve-pages.ts";
import { RunReader } from "./api/run-history.ts";
import { runHandlers } from "./api/run-service.ts";
import { startHttpServer } from "./api/start-http-server.ts";
import type { Config } from "./config.ts";
import { PoolsMachine } from "./core/pools-machine.ts";
import { openNatsBundleStore } from "./io/bundle-store.ts";
import { openNatsCatalogue } from "./io/catalogue.ts";
import { ChangeFeed } from "./io/change-feed.ts";
import { JournalStream } from "./io/journal-stream.ts";
import { newId } from "@hearth/ids";
import { grpcPeers } from "./io/peers.ts";
import { PoolMetrics } from "./io/pool-metrics.ts";
import { LeaderLease } from "./io/leader-lease.ts";
import { openDatabase } from "./io/sql/open-database.ts";
import { sqlEnvironmentStore } from "./io/sql/sql-environment-store.ts";
import { sqlHistoryStore } from "./io/sql/sql-history-store.ts";
import { sqlReplicaStore } from "./io/sql/sql-replica-store.ts";
import { natsStreamReader } from "./io/stream-reader.ts";
import { endAnnouncement } from "./io/wire/pool-message.ts";
import { waitToLead } from "./loops/lead.ts";
import { collectLogs } from "./loops/collect-logs.ts";
import { keepWithinBounds } from "./loops/keep-within-bounds.ts";
import { listenToBus } from "./loops/listen-to-bus.ts";
import { projectHistory } from "./loops/project-history.ts";
import { ScalePools } from "./loops/scale-pools.ts";
import { openProvider, type ProviderOptions } from "./open-provider.ts";

/** How long calls in flight may go on when the control plane stops. */
const stopGraceMs = 1_000;

export interface ControlPlane {
  readonly grpcPort: number;
  readonly httpPort: number;
  /** Settled when another control plane leads; this one has to end then. */
  readonly superseded: Promise<void>;
  /** Ends it; with it the replicas when the configuration says so. */
  stop(): Promise<void>;
}

/**
 * Starts a whole control plane, once no other one leads. `programs` is the folder that holds the agent and the runner where the configuration
 * does not say.
 */
export async function build(config: Config, variables: NodeJS.ProcessEnv, programs: string): Promise<ControlPlane> {
  const clock = systemClock;
  const log = createLogger("controlplane", config.logLevel);
  const bus = await connectBus({ url: config.natsUrl, name: "hearth-controlplane" });
  const leadership = await waitToLead({
    ...{ clock, log, lease: await LeaderLease.open(bus), id: newId(clock.now()) },
    place: config.grpcPort === 0 ? "" : `${hostname()}:${config.grpcPort}`,
  });
  const report = (errorId: string, thrown: unknown): void => log.error({ errorId, err: thrown }, "unexpected failure");
  const [tracing, measured] = await Promise.all([
    startTracing("hearth-controlplane", variables),
    startMetrics("hearth-controlplane", variables),
  ]);
  const { database, store, environmentStore, replicaStore, bundles, catalogue, provider } = await openIo(bus, {
    ...{ config, variables, log, programs },
  });
  const peers = grpcPeers();
  const [poolFeed, runFeed] = [new ChangeFeed(), new ChangeFeed()];
  const { startTimeoutMs, drainGraceMs, replacedGraceMs } = config;
  const machine = new PoolsMachine({
    limits: { startTimeoutMs, drainGraceMs, replacedGraceMs },
    newReplicaId: (environment, now) => `${environment}-${newId(now)}`,
  });
  const metrics = new PoolMetrics(measured);
  metrics.watch(() => machine.allPools());
  const pools = new ScalePools({
    ...{ clock, log, machine, provider, peers, store: replicaStore, feed: poolFeed, metrics, startTimeoutMs },
    mayAct: () => leadership.mayAct,
    announceEnd: (replica) =>
      bus.publish(subjects.slots(replica.environment), SlotAnnouncementSchema, endAnnouncement(replica)),
  });
  const deployed = await environmentStore.list();
  await catalogue.reconcile(deployed);
  await pools.start(deployed);

  const payloads = natsPayloadStore(bus);
  const reading = new AbortController();
  const { signal } = reading;
  const journal = natsStreamReader(bus, streams.journal);
  const lines = natsStreamReader(bus, streams.logs);
  if (config.replayJournal) await store.rewind(streams.journal);
  const bounds = keepWithinBounds({
    ...{ clock, log, store, payloads, journal: new JournalStream(bus, store), journalBytes: config.journalBytes },
    ...{ retentionMs: config.historyRetentionMs, payloadGraceMs: config.payloadGraceMs },
    ...{ mayAct: () => leadership.mayAct },
  });
  const loops = [
    projectHistory({ journal, store, feed: runFeed, log, signal }),
    collectLogs({ reader: lines, store, feed: runFeed, linesMax: config.logLinesMax, log, signal }),
    listenToBus({
      bus,
      pools,
      log,
      signal,
      onReconnect: async () => catalogue.reconcile(await environmentStore.list()),
    }),
  ];

  const environments = new Environments({ clock, store: environmentStore, bundles, catalogue, provider, pools });
  const runs = new RunReader(store);
  let publicUrl = config.publicUrl ?? "";
  const urlOf = (run: string): string => `${publicUrl}/runs/${run}`;
  const services = [
    service(EnvironmentService, environmentHandlers({ environments, pools, replicas: replicaStore, feed: poolFeed })),
    service(BundleService, bundleHandlers(bundles)),
    service(PayloadService, payloadHandlers(payloads)),
    service(
      RunService,
      runHandlers({ clock, environments, store, runs, pools, peers, tracing, runFeed, newId, urlOf }),
    ),
  ];
  const pages = servePages({ clock, environments, pools, replicas: replicaStore, store, runs }, report);
  const http = await startHttpServer({ host: config.host, port: config.httpPort, services, pages, report });
  publicUrl ||= `http://${config.host}:${http.port}`;
  const grpc = await startGrpcServer({ host: config.host, port: config.grpcPort, services, report });

  return {
    grpcPort: grpc.port,
    httpPort: http.port,
    superseded: leadership.lost,
    async stop() {
      grpc.setServing(false);
      await Promise.all([grpc.stop(stopGraceMs), http.stop(stopGraceMs)]);
      await pools.close(config.stopReplicasOnExit);
      provider.close();
      bounds.cancel();
      reading.abort();
      await Promise.all(loops);
      peers.close();
      await leadership.stop();
      await closeBus(bus);
      await database.destroy();
      await Promise.all([tracing.stop(), measured.stop()]);
    },
  };
}

/** Opens what the control plane touches; returns once all of it answers. */
async function openIo(bus: Bus, options: ProviderOptions) {
  const { config } = options;
  const database = await openDatabase(config.databaseUrl ?? join(config.stateFolder, "controlplane.sqlite"));

  const store = sqlHistoryStore(database);
  const environmentStore = sqlEnvironmentStore(database);
  const replicaStore = sqlReplicaStore(database);
  const bundles = await openNatsBundleStore(bus.connection, buckets.bundles);
  const catalogue = await openNatsCatalogue(bus.connection, buckets.catalogue);
  const provider = await openProvider(options);
  return { database, store, environmentStore, replicaStore, bundles, catalogue, provider };
}

/** A server that is gone takes no goodbye. */
async function closeBus(bus: Bus): Promise<void> {
  await Promise.race([bus.close(), new Promise((resolve) => setTimeout(resolve, stopGraceMs).unref())]);
}
