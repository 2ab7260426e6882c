import { connectBus, subjects, type Bus } from "@hearth/bus";
import { SlotAnnouncementSchema, type SlotAnnouncement } from "@hearth/proto";
import { startNats } from "@hearth/test-engines";
import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { connectRouter, sendOne, StreamClient } from "./client.ts";
import { dist, programs, root } from "./paths.ts";
import { startLineProcess, type LineProcess } from "./processes/line-process.ts";

export type Language = "node" | "python";

/** A router of its own process, and a client of it. */
export interface RouterProcess {
  readonly process: LineProcess;
  readonly client: StreamClient;
  stop(): Promise<void>;
}

export interface RouterOptions {
  readonly variables?: Readonly<Record<string, string>>;
  /** What Node runs instead of the bundled router. */
  readonly script?: string;
  /** Arguments of Node itself. */
  readonly nodeArguments?: readonly string[];
}

/** Hearth in separate processes on this machine, as an installation has it. */
export interface System extends AsyncDisposable {
  readonly natsUrl: string;
  readonly bus: Bus;
  readonly router: RouterProcess;
  /** The last announcement of each living replica. */
  replicas(environment: string): readonly SlotAnnouncement[];
  /** A further router, with settings of its own. Ends with the system. */
  startRouter(options?: RouterOptions): Promise<RouterProcess>;
  /** Deploys the program of that language and waits until the task is warm at the router. */
  deploy(language: Language, task: string): Promise<void>;
  /** The control plane is not on the way of warm work: without it nothing but that work is measured. */
  stopControlPlane(): Promise<void>;
  startControlPlane(): Promise<void>;
}

const files: Readonly<Record<Language, string>> = { node: "bench.ts", python: "bench.py" };

/** Starts NATS with JetStream, a control plane and a router. `variables` are those of all of Hearth. */
export async function startSystem(
  options: {
    readonly variables?: Readonly<Record<string, string>>;
    readonly router?: RouterOptions;
    /** Arguments of the Node that agents run in. */
    readonly agentNodeArguments?: readonly string[];
  } = {},
): Promise<System> {
  if (!existsSync(join(dist, "router.mjs"))) throw new Error('Nothing is built: run "pnpm build" first.');
  // Ends in the reverse order, also when not all of it can be started.
  await using starting = new AsyncDisposableStack();
  const folder = mkdtempSync(join(tmpdir(), "hearth-bench-"));
  starting.defer(() => rmSync(folder, { recursive: true, force: true }));
  const nats = starting.adopt(await startNats(), (each) => each.stop());
  const bus = starting.adopt(await connectBus({ url: nats.url, name: "hearth-bench" }), (each) => each.close());
  const common = {
    HEARTH_NATS_URL: nats.url,
    HEARTH_LOG_LEVEL: "warn",
    HEARTH_GRPC_PORT: "0",
    NODE_COMPILE_CACHE: join(folder, "compile-cache"),
    ...options.variables,
  };
  const announced = followReplicas(bus);
  starting.defer(() => endProcesses([...announced.values()].map(({ agentPid }) => agentPid)));
  const routers: RouterProcess[] = [];
  starting.defer(async () => {
    await Promise.all(routers.map((each) => each.stop()));
  });
  let controlPlane: LineProcess | undefined;

  const system: Omit<System, "router" | typeof Symbol.asyncDispose> = {
    natsUrl: nats.url,
    bus,
    replicas: (environment) => [...announced.values()].filter((replica) => replica.environment === environment),
    async startRouter({ variables = {}, script = join(dist, "router.mjs"), nodeArguments = [] } = {}) {
      const command = [process.execPath, ...nodeArguments, script];
      const started = await startLineProcess(command, { ...common, ...variables });
      const client = new StreamClient(connectRouter(`127.0.0.1:${String(started.ready["grpcPort"])}`));
      const router: RouterProcess = {
        process: started,
        client,
        async stop() {
          client[Symbol.dispose]();
          await started.stop();
        },
      };
      routers.push(router);
      return router;
    },
    async deploy(language, task) {
      await deploy(folder, join(programs, files[language]), task);
      await sendOne(router.client.sender(environmentOf(language, task), task));
    },
    async startControlPlane() {
      controlPlane ??= await startLineProcess([process.execPath, join(dist, "controlplane.mjs")], {
        ...common,
        HEARTH_STATE_DIR: folder,
        HEARTH_CACHE_DIR: join(folder, "cache"),
        HEARTH_HTTP_PORT: "0",
        ...agentCommand(options.agentNodeArguments),
      });
      writeConfig(folder, controlPlane, router.process);
    },
    async stopControlPlane() {
      await controlPlane?.stop();
      controlPlane = undefined;
    },
  };
  starting.defer(() => system.stopControlPlane());
  const router = await system.startRouter(options.router);
  await system.startControlPlane();
  const all = starting.move();
  return { ...system, router, [Symbol.asyncDispose]: () => all.disposeAsync() };
}

/** The environment of a task, as the programs name them. */
export function environmentOf(language: Language, task: string): string {
  const kinds: Readonly<Record<string, string>> = { noop: "bench", gather: "bench-gather", first: "bench-cold" };
  return `${kinds[task] ?? ""}-${language}`;
}

function followReplicas(bus: Bus): ReadonlyMap<string, SlotAnnouncement> {
  const announced = new Map<string, SlotAnnouncement>();
  bus.subscribe(
    subjects.allSlots,
    SlotAnnouncementSchema,
    (announcement) => {
      // Replicas that only seem to be there have no process.
      if (announcement.agentPid === 0) return;
      if (announcement.endReason === "") announced.set(announcement.replicaId, announcement);
      else announced.delete(announcement.replicaId);
    },
    () => undefined,
  );
  return announced;
}

function agentCommand(nodeArguments: readonly string[] | undefined): Record<string, string> {
  if (nodeArguments === undefined) return {};
  return { HEARTH_AGENT_COMMAND: JSON.stringify([process.execPath, ...nodeArguments, join(dist, "agent.mjs")]) };
}

function writeConfig(folder: string, controlPlane: LineProcess, router: LineProcess): void {
  const { grpcPort, httpPort } = controlPlane.ready;
  const config = {
    url: `http://127.0.0.1:${String(httpPort)}`,
    controlPlane: `127.0.0.1:${String(grpcPort)}`,
    router: `127.0.0.1:${String(router.ready["grpcPort"])}`,
  };
  writeFileSync(join(folder, "config.json"), JSON.stringify(config));
}

/** A run that does not end would otherwise keep the suite waiting for good. */
const deployBoundMs = 60_000;

/** As a user deploys: by running one of the program's tasks. */
async function deploy(folder: string, file: string, task: string): Promise<void> {
  const variables = {
    ...process.env,
    HEARTH_CONFIG: join(folder, "config.json"),
    PYTHONPATH: join(root, "libs", "sdk-python", "src"),
  };
  const command = [join(dist, "hearth.mjs"), "run", file, task];
  await promisify(execFile)(process.execPath, command, { env: variables, timeout: deployBoundMs });
}

/** Agents outlive the control plane that started them. */
async function endProcesses(pids: readonly number[]): Promise<void> {
  const signal = (pid: number, name: NodeJS.Signals | 0): boolean => {
    try {
      return process.kill(pid, name);
    } catch {
      return false;
    }
  };
  pids.forEach((pid) => signal(pid, "SIGTERM"));
  const deadline = performance.now() + 5_000;
  while (pids.some((pid) => signal(pid, 0)) && performance.now() < deadline) await delay(20);
  pids.forEach((pid) => signal(pid, "SIGKILL"));
}
