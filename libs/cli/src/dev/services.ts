import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CliFailure } from "../cli-failure.ts";
import type { Ports } from "./choose-ports.ts";

/** How long executions that run may go on when everything stops. */
const executionsGraceMs = 3_000;

/** A process of Hearth that `hearth dev` keeps running. */
export interface ServiceSpec {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly variables: Readonly<Record<string, string>>;
  /** Whether a line it printed says that it is ready. */
  readonly isReady: (line: string) => boolean;
  /** How long an orderly stop may take, in milliseconds. */
  readonly graceMs: number;
}

/** What the services of one `hearth dev` need to know. */
export interface Layout {
  readonly stateDir: string;
  readonly natsServer: string;
  readonly ports: Ports;
  /** What replicas are: "process" or "docker". */
  readonly provider: string;
}

/** NATS with JetStream, on loopback. A payload of 4 MiB fits into a message with all that is around it. */
export function nats({ stateDir, natsServer, ports }: Layout): ServiceSpec {
  const folder = join(stateDir, "nats");
  const configFile = join(folder, "nats.conf");
  mkdirSync(folder, { recursive: true });
  writeFileSync(configFile, natsConfig(join(folder, "store"), ports.nats));
  return {
    name: "nats",
    command: natsServer,
    args: ["--config", configFile],
    variables: {},
    isReady: (line) => line.includes("Server is ready"),
    graceMs: 10_000,
  };
}

function natsConfig(store: string, port: number): string {
  const lines = [
    `listen: "127.0.0.1:${port}"`,
    "max_payload: 8MB",
    `jetstream { store_dir: ${JSON.stringify(store)} }`,
  ];
  return `${lines.join("\n")}\n`;
}

export function controlPlane(layout: Layout): ServiceSpec {
  const { stateDir, ports } = layout;
  return {
    ...bundle("controlplane"),
    variables: {
      ...variablesOfAll(layout),
      HEARTH_STATE_DIR: stateDir,
      HEARTH_CACHE_DIR: process.env["HEARTH_CACHE_DIR"] ?? join(stateDir, "cache"),
      HEARTH_GRPC_PORT: String(ports.controlPlane),
      HEARTH_HTTP_PORT: String(ports.http),
      HEARTH_PUBLIC_URL: `http://127.0.0.1:${ports.http}`,
      HEARTH_STOP_REPLICAS_ON_EXIT: "true",
      HEARTH_PROVIDER: layout.provider,
    },
    // The replicas' own grace period is part of it.
    graceMs: 40_000,
  };
}

/** The routers: equal, and none of them needed by another. */
export function routers(layout: Layout): readonly ServiceSpec[] {
  const { router, furtherRouters } = layout.ports;
  return [router, ...furtherRouters].map((port, index) => routerAt(port, index + 1, layout));
}

function routerAt(port: number, number: number, layout: Layout): ServiceSpec {
  return {
    ...bundle("router"),
    name: number === 1 ? "router" : `router-${number}`,
    variables: {
      ...variablesOfAll(layout),
      HEARTH_HOST: "127.0.0.1",
      HEARTH_GRPC_PORT: String(port),
      HEARTH_STOP_GRACE_MS: String(executionsGraceMs),
    },
    graceMs: executionsGraceMs + 7_000,
  };
}

function variablesOfAll({ stateDir, ports }: Layout): Record<string, string> {
  return {
    HEARTH_NATS_URL: `nats://127.0.0.1:${ports.nats}`,
    HEARTH_LOG_LEVEL: process.env["HEARTH_LOG_LEVEL"] ?? "info",
    NODE_COMPILE_CACHE: join(stateDir, "cache", "node"),
  };
}

function bundle(name: string): Pick<ServiceSpec, "name" | "command" | "args" | "isReady"> {
  const path = join(bundleFolder(), `${name}.mjs`);
  if (!existsSync(path)) throw new CliFailure("NOT_BUILT", `There is no ${path}. Run "pnpm build" first.`);
  return { name, command: process.execPath, args: [path], isReady: saysReady };
}

/** The folder of the bundles: where the command line was bundled to, or the checkout's dist/ when run from source. */
function bundleFolder(): string {
  const here = import.meta.dirname;
  const checkout = join(here, "..", "..", "..", "..");
  return import.meta.filename.endsWith(".ts") ? join(checkout, "dist") : distFolderAbove(here);
}

/** Parts of a bundle may lie in a folder below it. */
function distFolderAbove(folder: string): string {
  return existsSync(join(folder, "hearth.mjs")) ? folder : join(folder, "..");
}

function saysReady(line: string): boolean {
  if (!line.startsWith("{")) return false;
  try {
    return (JSON.parse(line) as { ready?: unknown }).ready === true;
  } catch {
    return false;
  }
}
