import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { preparePostgres } from "@hearth/test-engines";
import { ensureNatsServer } from "../../../scripts/ensure-engines.ts";
import type { PartSpec } from "./part.ts";

/** Where everything is. All on loopback. */
export interface Layout {
  /** Of the run: logs, databases, state. */
  readonly folder: string;
  readonly ports: {
    readonly controlPlanes: readonly { readonly grpc: number; readonly http: number }[];
    readonly nats: number;
    readonly postgres: number;
    readonly routers: readonly number[];
  };
}

const checkout = join(import.meta.dirname, "..", "..", "..");

export function stateFolder({ folder }: Layout): string {
  return join(folder, "state");
}

export function nats({ folder, ports }: Layout): PartSpec {
  const own = join(folder, "nats");
  mkdirSync(own, { recursive: true });
  const config = join(own, "nats.conf");
  const lines = [
    `listen: "127.0.0.1:${ports.nats}"`,
    "max_payload: 8MB",
    `jetstream { store_dir: ${JSON.stringify(join(own, "store"))} }`,
  ];
  writeFileSync(config, `${lines.join("\n")}\n`);
  return {
    kind: "nats",
    name: "nats",
    command: ensureNatsServer(),
    arguments: ["--config", config],
    spawn: {},
    isReady: (output) => output.includes("Server is ready"),
  };
}

export function postgres({ folder, ports }: Layout): PartSpec & { readonly url: string } {
  const own = join(folder, "postgres");
  mkdirSync(own, { recursive: true });
  return { kind: "postgres", name: "postgres", ...preparePostgres(own, ports.postgres) };
}

export function controlPlane(layout: Layout, databaseUrl: string, index: number): PartSpec {
  const { folder, ports } = layout;
  const variables = {
    HEARTH_DATABASE_URL: databaseUrl,
    HEARTH_STATE_DIR: stateFolder(layout),
    HEARTH_CACHE_DIR: join(folder, "cache"),
    HEARTH_GRPC_PORT: String(ports.controlPlanes[index]?.grpc),
    HEARTH_HTTP_PORT: String(ports.controlPlanes[index]?.http),
    HEARTH_STOP_REPLICAS_ON_EXIT: "false",
  };
  return {
    kind: "controlplane",
    name: `controlplane-${index + 1}`,
    ...bundle("controlplane", layout, variables),
    // One that stands by is ready to take over.
    isReady: (output) => output.includes('"ready":true') || output.includes("looking whether another one leads"),
  };
}

export function router(layout: Layout, index: number): PartSpec {
  const variables = { HEARTH_GRPC_PORT: String(layout.ports.routers[index]), HEARTH_STOP_GRACE_MS: "3000" };
  return { kind: "router", name: `router-${index + 1}`, ...bundle("router", layout, variables) };
}

function bundle(name: string, { folder, ports }: Layout, variables: Readonly<Record<string, string>>) {
  return {
    command: process.execPath,
    arguments: [join(checkout, "dist", `${name}.mjs`)],
    spawn: {
      env: {
        ...process.env,
        HEARTH_NATS_URL: `nats://127.0.0.1:${ports.nats}`,
        HEARTH_HOST: "127.0.0.1",
        NODE_COMPILE_CACHE: join(folder, "cache", "node"),
        ...variables,
      },
    },
    isReady: (output: string) => output.includes('"ready":true'),
  };
}
