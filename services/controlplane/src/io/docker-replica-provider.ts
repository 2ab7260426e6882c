import type { Clock, Timer } from "@hearth/clock";
import { HearthError } from "@hearth/errors";
import type { Logger } from "@hearth/telemetry";
import type Docker from "dockerode";
import { constants } from "node:os";
import { limitsProblem } from "../core/container-limits.ts";
import type { EnvironmentSpec } from "../core/environment.ts";
import type { DebianBases } from "../core/plan-container-image.ts";
import type { AgentLaunch } from "./agent-variables.ts";
import { labels, replicaContainer } from "./docker-container.ts";
import { isStatus, type DockerEngine } from "./docker-engine.ts";
import { watchDeaths } from "./docker-deaths.ts";
import { DockerImageBuilder } from "./docker-image-builder.ts";
import { plainLines } from "./docker-output.ts";
import { DockerToolsVolume } from "./docker-tools-volume.ts";
import type { Tools } from "./docker-tools.ts";
import type { ReplicaExit, ReplicaOrder, ReplicaProvider } from "./replica-provider.ts";

export interface DockerProviderOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly engine: DockerEngine;
  /** Containers of other installations on the engine are left alone. */
  readonly installation: string;
  readonly tools: Tools;
  readonly launch: AgentLaunch;
  readonly bases: DebianBases;
  /** The network of containers and of builds. */
  readonly network: string;
}

/** A container that was there when we last heard. */
interface Known {
  readonly container: Docker.Container;
  readonly gone: PromiseWithResolvers<void>;
  /** Its end is being looked into. */
  ending?: Promise<void>;
}

/** How often containers are looked at without an event: one may be missed while a connection breaks. */
const lookEveryMs = 10_000;

const lastLinesMax = 20;
const lineBytesMax = 16 * 1024;

/** Takes over the installation's containers, clears those away that have ended, and begins to watch. */
export async function openDockerReplicaProvider(options: DockerProviderOptions): Promise<ReplicaProvider> {
  const provider = new DockerReplicaProvider(options);
  await provider.adopt();
  provider.watch();
  return provider;
}

/** Replicas as containers of a Docker engine. */
class DockerReplicaProvider implements ReplicaProvider {
  readonly #options: DockerProviderOptions;
  readonly #docker: Docker;
  readonly #images: DockerImageBuilder;
  readonly #toolsVolume: DockerToolsVolume;
  readonly #known = new Map<string, Known>();
  readonly #listeners: ((exit: ReplicaExit) => void)[] = [];
  readonly #closing = new AbortController();
  /** Their start failed. The engine may have been away when it was told to remove them. */
  readonly #unstarted = new Set<Docker.Container>();
  #looking: Timer | undefined;

  constructor(options: DockerProviderOptions) {
    const { installation, network, bases, tools } = options;
    const { docker } = options.engine;
    const helperLabels = { [labels.installation]: installation };
    this.#options = options;
    this.#docker = docker;
    this.#images = new DockerImageBuilder({ docker, bases, network, labels: helperLabels });
    this.#toolsVolume = new DockerToolsVolume(docker, tools, helperLabels);
  }

  async prepare(spec: EnvironmentSpec, onLogLine: (line: string) => void): Promise<void> {
    const problem = limitsProblem(spec, this.#options.engine.cpus);
    if (problem !== undefined) throw new HearthError("INVALID_RESOURCES", problem);
    const { id } = await this.#images.build(spec, onLogLine);
    await this.#toolsVolume.fill(id);
  }

  async start(order: ReplicaOrder): Promise<void> {
    // All of it is there after the deployment, unless somebody tidied the engine up.
    const image = await this.#images.build(order.spec, () => undefined);
    await this.#toolsVolume.fill(image.id);
    const tools = this.#toolsVolume.mount;
    const container = await this.#docker.createContainer(replicaContainer({ ...this.#options, order, image, tools }));
    this.#remember(order.replicaId, container);
    try {
      await container.start();
    } catch (error) {
      this.#known.delete(order.replicaId);
      this.#unstarted.add(container);
      await this.#remove(container).catch(() => undefined);
      throw error;
    }
  }

  async stop(replicaId: string, graceMs: number): Promise<void> {
    const known = this.#known.get(replicaId);
    if (known === undefined) return;
    await signal(known.container, "SIGTERM");
    const force = this.#options.clock.after(graceMs, () => {
      signal(known.container, "SIGKILL").catch((error: unknown) => this.#report(replicaId, error));
    });
    await known.gone.promise;
    force.cancel();
  }

  list(): Promise<readonly string[]> {
    return Promise.resolve([...this.#known.keys()]);
  }

  onExit(listener: (exit: ReplicaExit) => void): void {
    this.#listeners.push(listener);
  }

  close(): void {
    this.#closing.abort();
    this.#looking?.cancel();
    this.#listeners.length = 0;
  }

  /** Takes over what runs, and clears away what an earlier control plane left behind ended or half made. */
  async adopt(): Promise<void> {
    for (const { Id, State, Labels } of await this.#containers()) {
      const replicaId = Labels[labels.replica];
      const container = this.#docker.getContainer(Id);
      if (replicaId !== undefined && isThere(State)) this.#remember(replicaId, container);
      else await this.#remove(container);
    }
  }

  watch(): void {
    const { clock, installation } = this.#options;
    watchDeaths({
      docker: this.#docker,
      clock,
      label: `${labels.installation}=${installation}`,
      signal: this.#closing.signal,
      died: (container) => this.#died(container),
      connected: () => this.#look(),
      problem: (error) => this.#options.log.warn({ err: error }, "the Docker engine cannot be listened to"),
    });
    this.#looking = clock.every(lookEveryMs, () => void this.#look().catch(() => undefined));
  }

  /** Compares what we know with what is there. */
  async #look(): Promise<void> {
    const known = new Map(this.#known);
    const containers = await this.#containers();
    for (const { State, Labels } of containers) {
      const replicaId = Labels[labels.replica];
      if (replicaId === undefined) continue;
      // One that is only made is about to be started.
      if (isThere(State) || State === "created") known.delete(replicaId);
    }
    for (const replicaId of known.keys()) this.#end(replicaId);
    for (const container of this.#unstarted) await this.#remove(container);
  }

  #containers(): Promise<Docker.ContainerInfo[]> {
    const filters = { label: [`${labels.installation}=${this.#options.installation}`] };
    return this.#docker.listContainers({ all: true, filters });
  }

  #remember(replicaId: string, container: Docker.Container): void {
    this.#known.set(replicaId, { container, gone: Promise.withResolvers() });
  }

  #died(containerId: string): void {
    for (const [replicaId, { container }] of this.#known) if (container.id === containerId) this.#end(replicaId);
  }

  /** Tells once of an end, with what can be learnt of it. */
  #end(replicaId: string): void {
    const known = this.#known.get(replicaId);
    if (known === undefined) return;
    known.ending ??= this.#tell(replicaId, known).catch((error: unknown) => {
      delete known.ending;
      this.#report(replicaId, error);
    });
  }

  async #tell(replicaId: string, { container, gone }: Known): Promise<void> {
    const exit = await exitOf(replicaId, container);
    if (this.#closing.signal.aborted) return;
    this.#known.delete(replicaId);
    for (const listener of this.#listeners) listener(exit);
    await this.#remove(container).catch((error: unknown) => this.#report(replicaId, error));
    gone.resolve();
  }

  async #remove(container: Docker.Container): Promise<void> {
    try {
      await container.remove({ force: true, v: true });
    } catch (error) {
      // It is gone, or going.
      if (!isStatus(error, 404, 409)) throw error;
    }
    this.#unstarted.delete(container);
  }

  #report(replicaId: string, error: unknown): void {
    this.#options.log.warn({ replicaId, err: error }, "the Docker engine did not do what was asked of a container");
  }
}

function isThere(state: string): boolean {
  return state === "running" || state === "paused" || state === "restarting";
}

/** Asks a container to end. One that has ended already, or is not there, is as wanted. */
async function signal(container: Docker.Container, name: "SIGTERM" | "SIGKILL"): Promise<void> {
  try {
    await container.kill({ signal: name });
  } catch (error) {
    if (!isStatus(error, 404, 409)) throw error;
  }
}

async function exitOf(replicaId: string, container: Docker.Container): Promise<ReplicaExit> {
  try {
    const { State, HostConfig } = await container.inspect();
    const name = State.ExitCode > 128 ? signalNames.get(State.ExitCode - 128) : undefined;
    const lines = await linesOf(container);
    const outOfMemory = State.OOMKilled && name === "SIGKILL";
    const killed = `The container was over its memory limit of ${HostConfig.Memory ?? 0} bytes, and the kernel ended it.`;
    return {
      replicaId,
      exitCode: name === undefined ? State.ExitCode : undefined,
      signal: name,
      lastLines: [...lines, ...(outOfMemory ? [killed] : [])].slice(-lastLinesMax),
    };
  } catch (error) {
    if (!isStatus(error, 404)) throw error;
    return { replicaId, exitCode: undefined, signal: undefined, lastLines: ["Its container was removed."] };
  }
}

async function linesOf(container: Docker.Container): Promise<readonly string[]> {
  try {
    const output = await container.logs({ stdout: true, stderr: true, tail: lastLinesMax });
    return plainLines(output).map((line) => line.slice(0, lineBytesMax / lastLinesMax));
  } catch (error) {
    // Its log may be unreadable; that it ended is what matters.
    return [`(its output cannot be read: ${(error as Error).message})`];
  }
}

const signalNames = new Map(Object.entries(constants.signals).map(([name, number]) => [number, name]));
