import type { Clock, Timer } from "@hearth/clock";
import { parseQuantity } from "@hearth/policy";
import { endFamily, identify, isSameAlive, type ProcessIdentity } from "@hearth/process-identity";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { EnvironmentSpec } from "../core/environment.ts";
import { agentVariables, type AgentLaunch } from "./agent-variables.ts";
import { ImageBuilder } from "./image-builder.ts";
import { lastLinesOf } from "./last-lines.ts";
import type { ReplicaExit, ReplicaOrder, ReplicaProvider } from "./replica-provider.ts";

/** How often a process is looked at that is not our own child: it tells nobody of its end. */
const lookEveryMs = 250;

/** Nothing below a process limits its memory: its agent does. */
function memoryLimit({ spec }: ReplicaOrder): Readonly<Record<string, string>> {
  const bytes = parseQuantity(spec.resources.memory);
  return bytes === undefined ? {} : { HEARTH_MEMORY_LIMIT_BYTES: String(bytes) };
}

/** Replicas as processes on this machine, each with an agent that outlives the control plane. */
export class ProcessReplicaProvider implements ReplicaProvider {
  readonly #clock: Clock;
  readonly #folder: string;
  readonly #launch: AgentLaunch;
  readonly #images: ImageBuilder;
  readonly #processes = new Map<string, ProcessIdentity>();
  readonly #adopted = new Set<string>();
  readonly #listeners: ((exit: ReplicaExit) => void)[] = [];
  readonly #gone = new Map<string, { readonly promise: Promise<void>; readonly resolve: () => void }>();
  readonly #looking: Timer;

  constructor(options: {
    readonly clock: Clock;
    /** Where files of replicas are kept: `<id>.json` while one is there, `<id>.log` with its output. */
    readonly folder: string;
    readonly cacheFolder: string;
    readonly launch: AgentLaunch;
  }) {
    this.#clock = options.clock;
    this.#folder = options.folder;
    this.#launch = options.launch;
    this.#images = new ImageBuilder(join(options.cacheFolder, "images"));
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    this.#adopt();
    this.#looking = this.#clock.every(lookEveryMs, () => this.#lookAtAdopted());
  }

  prepare(spec: EnvironmentSpec, onLogLine: (line: string) => void): Promise<void> {
    return this.#images.build(spec, onLogLine);
  }

  async start(order: ReplicaOrder): Promise<void> {
    const image = await this.#images.prepared(order.spec);
    const [command = "", ...args] = this.#launch.agentCommand;
    const log = openSync(this.#logPath(order.replicaId), "w", 0o600);
    let child: ChildProcess;
    try {
      child = spawn(command, args, {
        detached: true,
        stdio: ["ignore", log, log],
        env: { ...agentVariables(this.#launch, order, image), ...memoryLimit(order) },
      });
    } finally {
      closeSync(log);
    }
    await once(child, "spawn");
    const pid = child.pid ?? 0;
    this.#remember(order.replicaId, identify(pid) ?? { pid, birth: "" });
    child.unref();
    const ended = (exitCode: number | null, signal: string | null): void =>
      this.#forget(order.replicaId, exitCode ?? undefined, signal ?? undefined);
    // It may have ended while its file was written.
    if (child.exitCode !== null || child.signalCode !== null) ended(child.exitCode, child.signalCode);
    else child.once("exit", ended);
  }

  async stop(replicaId: string, graceMs: number): Promise<void> {
    const process = this.#processes.get(replicaId);
    const gone = this.#gone.get(replicaId);
    if (process === undefined || gone === undefined) return;
    signal(process.pid, "SIGTERM");
    const force = this.#clock.after(graceMs, () => endReplica(replicaId, process.pid));
    await gone.promise;
    force.cancel();
  }

  list(): Promise<readonly string[]> {
    return Promise.resolve([...this.#processes.keys()]);
  }

  onExit(listener: (exit: ReplicaExit) => void): void {
    this.#listeners.push(listener);
  }

  close(): void {
    this.#looking.cancel();
    this.#listeners.length = 0;
  }

  /** Takes over the replicas of an earlier control plane, and clears away the files of those that are gone. */
  #adopt(): void {
    for (const name of readdirSync(this.#folder).filter((file) => file.endsWith(".json"))) {
      const replicaId = name.slice(0, -".json".length);
      const process = JSON.parse(readFileSync(join(this.#folder, name), "utf8")) as ProcessIdentity;
      if (isSameAlive(process)) {
        this.#remember(replicaId, process);
        this.#adopted.add(replicaId);
      } else {
        rmSync(join(this.#folder, name));
      }
    }
  }

  #lookAtAdopted(): void {
    for (const replicaId of this.#adopted) {
      const process = this.#processes.get(replicaId);
      if (process !== undefined && isSameAlive(process)) continue;
      this.#forget(replicaId, undefined, undefined);
    }
  }

  #remember(replicaId: string, process: ProcessIdentity): void {
    writeFileSync(this.#filePath(replicaId), JSON.stringify(process), { mode: 0o600 });
    this.#processes.set(replicaId, process);
    this.#gone.set(replicaId, Promise.withResolvers<void>());
  }

  #forget(replicaId: string, exitCode: number | undefined, signalName: string | undefined): void {
    const process = this.#processes.get(replicaId);
    if (process === undefined) return;
    // A runner, and what its code started, must not outlive the agent.
    endReplica(replicaId, process.pid);
    this.#processes.delete(replicaId);
    this.#adopted.delete(replicaId);
    rmSync(this.#filePath(replicaId), { force: true });
    const lastLines = lastLinesOf(this.#logPath(replicaId));
    for (const listener of this.#listeners) listener({ replicaId, exitCode, signal: signalName, lastLines });
    this.#gone.get(replicaId)?.resolve();
    this.#gone.delete(replicaId);
  }

  #filePath(replicaId: string): string {
    return join(this.#folder, `${replicaId}.json`);
  }

  #logPath(replicaId: string): string {
    return join(this.#folder, `${replicaId}.log`);
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It is gone, which is what was wanted.
  }
}

function endReplica(replicaId: string, agentPid: number): void {
  endFamily({ leaderPid: agentPid, mark: `HEARTH_REPLICA_ID=${replicaId}` });
}
