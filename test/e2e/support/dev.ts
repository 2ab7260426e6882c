import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EnvironmentService, ExecutionService, RunService } from "@hearth/proto";
import { createClient, openChannel, type RpcClient } from "@hearth/rpc";
import { expect, vi } from "vitest";
import { runHearth, startHearth, type Finished, type Running } from "./run-hearth.ts";

/** The addresses of a running `hearth dev`, as its config.json has them. */
export interface Addresses {
  readonly url: string;
  readonly controlPlane: string;
  readonly router: string;
  readonly routers: readonly string[];
  readonly nats: string;
}

/** A real `hearth dev` on free ports and a state folder of its own. */
export interface Dev {
  readonly stateDir: string;
  readonly addresses: Addresses;
  readonly process: Running;
  readonly environments: RpcClient<typeof EnvironmentService>;
  readonly runs: RpcClient<typeof RunService>;
  readonly executions: RpcClient<typeof ExecutionService>;
  /** Runs a command against it. */
  hearth(...args: readonly string[]): Promise<Finished>;
  /** Starts one and leaves it running. */
  startHearth(...args: readonly string[]): Running;
  /** Runs a command with --json against it, which must succeed, and gives what it printed. */
  json(...args: readonly string[]): Promise<unknown>;
  /** Asks it to stop, and waits until it has. */
  stop(signal?: NodeJS.Signals): Promise<Finished>;
  /** Stops it if need be, and removes its state folder. */
  [Symbol.asyncDispose](): Promise<void>;
}

const readyBoundMs = 60_000;

export function newStateDir(): string {
  return mkdtempSync(join(tmpdir(), "hearth-e2e-"));
}

/** Starts `hearth dev` and waits until it says that it is ready. */
export async function startDev(
  options: {
    readonly stateDir?: string;
    readonly variables?: Readonly<Record<string, string>>;
    /** Further arguments of the command. */
    readonly args?: readonly string[];
  } = {},
): Promise<Dev> {
  const stateDir = options.stateDir ?? newStateDir();
  const process = startHearth(
    ["dev", "--state-dir", stateDir, "--port", "0", "--json", ...(options.args ?? [])],
    options,
  );
  const addresses = await readyAddresses(process);
  const channels = [openChannel(addresses.controlPlane), openChannel(addresses.router)] as const;
  const variables = { HEARTH_CONFIG: join(stateDir, "config.json") };

  const dev: Dev = {
    stateDir,
    addresses,
    process,
    environments: createClient(EnvironmentService, channels[0]),
    runs: createClient(RunService, channels[0]),
    executions: createClient(ExecutionService, channels[1]),
    hearth: (...args) => runHearth(args, { variables }),
    startHearth: (...args) => startHearth(args, { variables }),
    async json(...args) {
      const { code, stdout, stderr } = await dev.hearth(...args, "--json");
      expect({ code, stderr }, `hearth ${args.join(" ")}`).toMatchObject({ code: 0 });
      return JSON.parse(stdout) as unknown;
    },
    stop(signal = "SIGTERM") {
      channels.forEach((channel) => channel.close());
      process.child.kill(signal);
      return process.finished;
    },
    async [Symbol.asyncDispose]() {
      await dev.stop();
      rmSync(stateDir, { recursive: true, force: true });
    },
  };
  return dev;
}

async function readyAddresses({ soFar, finished, child }: Running): Promise<Addresses> {
  const ended = finished.then(({ code, stderr }) => {
    throw new Error(`hearth dev ended with exit code ${code ?? "none"} before it was ready:\n${stderr}`);
  });
  const ready = vi.waitFor(() => expect(soFar.stdout).toContain("\n"), { timeout: readyBoundMs, interval: 20 });
  try {
    await Promise.race([ready, ended]);
  } catch (error) {
    child.kill("SIGKILL");
    throw error;
  }
  return JSON.parse(soFar.stdout) as Addresses;
}

/** The process of one of its services, by the service's name. */
export function servicePid(dev: Dev, service: string): number {
  const file = readFileSync(join(dev.stateDir, "processes", `${service}.json`), "utf8");
  return (JSON.parse(file) as { pid: number }).pid;
}
