import { join, resolve } from "node:path";
import { choosePorts } from "./choose-ports.ts";
import { endLeftoverProcesses, endLeftoverReplicas } from "./leftovers.ts";
import { findNatsServer } from "./nats-server.ts";
import { untilAskedToStop } from "./stop-signals.ts";
import { controlPlane, nats, routers, type Layout } from "./services.ts";
import { claimStateFolder } from "./state-folder.ts";
import { SupervisedService } from "./supervised-service.ts";

export interface DevOptions {
  readonly stateDir: string;
  /** Undefined: 7700 and what follows, or free ports when those are taken. 0: free ports. */
  readonly portBase: number | undefined;
  readonly routers: number;
  /** What replicas are: "process" or "docker". */
  readonly provider: string;
  readonly verbose: boolean;
  readonly json: boolean;
}

/** Runs Hearth on this machine until it is asked to stop, and leaves no process behind. */
export async function runDev(options: DevOptions): Promise<void> {
  const stateDir = resolve(options.stateDir);
  // Whoever read the output may have left, as when a terminal is closed; the stop must still be an orderly one.
  for (const output of [process.stdout, process.stderr]) output.on("error", () => undefined);
  const natsServer = findNatsServer(process.env);
  using folder = claimStateFolder(stateDir);
  const say = (text: string): void => void process.stderr.write(`${text}\n`);
  await endLeftoverProcesses(stateDir, say);
  await endLeftoverReplicas(stateDir, say);

  const ports = await choosePorts(options.portBase, options.routers);
  const layout: Layout = { stateDir, natsServer, ports, provider: options.provider };
  const stop = untilAskedToStop();
  const supervise = (spec: ConstructorParameters<typeof SupervisedService>[0]["spec"]): SupervisedService =>
    new SupervisedService({ spec, stateDir, say, echo: options.verbose });
  const services = {
    nats: supervise(nats(layout)),
    controlPlane: supervise(controlPlane(layout)),
    routers: routers(layout).map(supervise),
  };

  try {
    await Promise.race([stop.first, startAll(services)]);
    if (!stop.asked) {
      folder.announce(config(layout));
      banner(layout, options.json);
      await stop.first;
    }
    say("Stopping; Ctrl-C again stops at once.");
  } finally {
    folder.withdraw();
    await Promise.race([stopInOrder(services), stop.second.then(() => killAll(services))]);
    await endLeftoverReplicas(stateDir, say);
    stop.release();
  }
}

interface Services {
  readonly nats: SupervisedService;
  readonly controlPlane: SupervisedService;
  readonly routers: readonly SupervisedService[];
}

async function startAll({ nats, controlPlane, routers }: Services): Promise<void> {
  await nats.start();
  await Promise.all([controlPlane, ...routers].map((service) => service.start()));
}

/**
 * The routers first: they let executions end, and do not take the replicas that go next for lost ones, to be replaced.
 * NATS last: until then the others write to it.
 */
async function stopInOrder({ nats, controlPlane, routers }: Services): Promise<void> {
  await Promise.all(routers.map((router) => router.stop()));
  await controlPlane.stop();
  await nats.stop();
}

async function killAll({ nats, controlPlane, routers }: Services): Promise<void> {
  await Promise.all([controlPlane, ...routers, nats].map((service) => service.kill()));
}

/** What `.hearth/config.json` says to SDKs and commands. */
function config({ ports }: Layout): {
  readonly url: string;
  readonly controlPlane: string;
  readonly router: string;
  readonly routers: readonly string[];
  readonly nats: string;
} {
  const routers = [ports.router, ...ports.furtherRouters].map((port) => `127.0.0.1:${port}`);
  return {
    url: `http://127.0.0.1:${ports.http}`,
    controlPlane: `127.0.0.1:${ports.controlPlane}`,
    router: `127.0.0.1:${ports.router}`,
    routers,
    nats: `nats://127.0.0.1:${ports.nats}`,
  };
}

function banner(layout: Layout, json: boolean): void {
  if (json) return console.log(JSON.stringify({ ready: true, ...config(layout), stateDir: layout.stateDir }));
  const { url, controlPlane, routers } = config(layout);
  const named = routers.length === 1 ? `router ${routers.join()}` : `routers ${routers.join(", ")}`;
  console.log(`Hearth is ready at ${url}`);
  console.log(`  gRPC   control plane ${controlPlane}, ${named}`);
  console.log(`  state  ${layout.stateDir}, logs in ${join(layout.stateDir, "logs")}`);
  console.log("  Ctrl-C stops it and everything it started.");
}
