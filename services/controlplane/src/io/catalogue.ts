import { create, toBinary } from "@bufbuild/protobuf";
import { CatalogueEntrySchema } from "@hearth/proto";
import { jetstream } from "@nats-io/jetstream";
import { Kvm, type KV } from "@nats-io/kv";
import type { NatsConnection } from "@nats-io/transport-node";
import type { Environment } from "../core/environment.ts";
import { insist, requestTimeoutMs } from "@hearth/bus";
import { environmentToMessage } from "./wire/environment-message.ts";

/** What routers and agents know of the environments. It outlives the control plane's absence. */
export interface Catalogue {
  put(environment: Environment): Promise<void>;
  remove(name: string): Promise<void>;
  /** Makes it say exactly this; entries that already do are not written again. */
  reconcile(environments: readonly Environment[]): Promise<void>;
}

/** The catalogue in a NATS key-value bucket. */
export async function openNatsCatalogue(connection: NatsConnection, bucket: string): Promise<Catalogue> {
  const entries: KV = await new Kvm(jetstream(connection, { timeout: requestTimeoutMs })).create(bucket, {
    history: 1,
  });
  return {
    async put(environment) {
      const bytes = encode(environment);
      await insist(() => entries.put(environment.name, bytes));
    },
    remove: (name) => insist(() => entries.delete(name)),
    reconcile: (environments) => insist(() => reconcile(entries, environments)),
  };
}

async function reconcile(entries: KV, environments: readonly Environment[]): Promise<void> {
  const wanted = new Map(environments.map((environment) => [environment.name, encode(environment)]));
  for (const name of await namesIn(entries)) if (!wanted.has(name)) await entries.delete(name);
  for (const [name, bytes] of wanted) {
    const present = await entries.get(name);
    if (present?.operation === "PUT" && Buffer.compare(present.value, bytes) === 0) continue;
    await entries.put(name, bytes);
  }
}

async function namesIn(entries: KV): Promise<readonly string[]> {
  const names: string[] = [];
  for await (const name of await entries.keys()) names.push(name);
  return names;
}

function encode(environment: Environment): Uint8Array {
  return toBinary(
    CatalogueEntrySchema,
    create(CatalogueEntrySchema, { environment: environmentToMessage(environment) }),
  );
}
