import { create, fromBinary } from "@bufbuild/protobuf";
import { buckets, connectBus, type Bus } from "@hearth/bus";
import { readConfig } from "@hearth/config";
import {
  BundleService,
  CatalogueEntrySchema,
  EnvironmentService,
  EnvironmentSpecSchema,
  Language,
  RunService,
  type CatalogueEntry,
  type Environment,
  type EnvironmentSpec,
  type ReusePolicySchema,
} from "@hearth/proto";
import { createClient, openChannel, type RpcClient } from "@hearth/rpc";
import { startNats, type NatsEngine } from "@hearth/test-engines";
import { Kvm } from "@nats-io/kv";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build, type ControlPlane } from "../../src/build.ts";
import { settings } from "../../src/config.ts";

export const bundle = Buffer.from("the code");
export const bundleSha256 = createHash("sha256").update(bundle).digest("hex");

/** A control plane on a real NATS, and clients of it. */
export interface System {
  readonly nats: NatsEngine;
  readonly bus: Bus;
  readonly environments: () => RpcClient<typeof EnvironmentService>;
  readonly bundles: () => RpcClient<typeof BundleService>;
  readonly runs: () => RpcClient<typeof RunService>;
  readonly httpUrl: () => string;
  /** Where its database is. */
  readonly database: string;
  /** Ends the control plane and starts another on the same state, after something was done; `variables` hold for that one. */
  restart(variables?: Readonly<Record<string, string>>, meanwhile?: () => Promise<void>): Promise<void>;
  /** The routers' and agents' view of an environment. */
  catalogue(name: string): Promise<CatalogueEntry | undefined>;
  stop(): Promise<void>;
}

export async function startSystem(variables: Readonly<Record<string, string>> = {}): Promise<System> {
  const nats = await startNats();
  const folder = mkdtempSync(join(tmpdir(), "hearth-controlplane-"));
  const bus = await connectBus({ url: nats.url, name: "test" });
  const own = {
    HEARTH_NATS_URL: nats.url,
    HEARTH_STATE_DIR: join(folder, "state"),
    HEARTH_CACHE_DIR: join(folder, "cache"),
    HEARTH_GRPC_PORT: "0",
    HEARTH_HTTP_PORT: "0",
    HEARTH_LOG_LEVEL: "silent",
    ...variables,
  };
  const start = async (changes = {}): Promise<[ControlPlane, ReturnType<typeof openChannel>]> => {
    const config = readConfig(settings, { ...own, ...changes });
    const controlPlane = await build(config, process.env, import.meta.dirname);
    return [controlPlane, openChannel(`127.0.0.1:${controlPlane.grpcPort}`)];
  };
  let [controlPlane, channel] = await start();
  const end = async (): Promise<void> => {
    channel.close();
    await controlPlane.stop();
  };
  return {
    nats,
    bus,
    environments: () => createClient(EnvironmentService, channel),
    bundles: () => createClient(BundleService, channel),
    runs: () => createClient(RunService, channel),
    httpUrl: () => `http://127.0.0.1:${controlPlane.httpPort}`,
    database: join(folder, "state", "controlplane.sqlite"),
    async restart(changes = {}, meanwhile = () => Promise.resolve()) {
      await end();
      await meanwhile();
      [controlPlane, channel] = await start(changes);
    },
    async catalogue(name) {
      const entry = await (await new Kvm(bus.connection).open(buckets.catalogue)).get(name);
      return entry?.operation === "PUT" ? fromBinary(CatalogueEntrySchema, entry.value) : undefined;
    },
    async stop() {
      await end();
      await bus.close();
      await nats.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export function specMessage(changes: MessageInitShape<typeof EnvironmentSpecSchema>): EnvironmentSpec {
  return create(EnvironmentSpecSchema, {
    name: "env-1",
    language: Language.PYTHON,
    bundleSha256,
    tasks: [{ name: "task", entrypoint: "module:task" }],
    ...changes,
  });
}

/** Deploys and returns what the build said and the environment. */
export async function deploy(
  system: System,
  spec: MessageInitShape<typeof EnvironmentSpecSchema>,
  policy?: MessageInitShape<typeof ReusePolicySchema>,
): Promise<{ readonly lines: readonly string[]; readonly environment: Environment }> {
  const lines: string[] = [];
  const request = { spec: specMessage(spec), ...(policy === undefined ? {} : { policy }) };
  for await (const { event } of system.environments().deployEnvironment(request)) {
    if (event.case === "logLine") lines.push(event.value);
    if (event.case === "environment") return { lines, environment: event.value };
  }
  throw new Error("the deployment ended without an environment");
}
