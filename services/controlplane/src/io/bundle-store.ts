import { jetstream } from "@nats-io/jetstream";
import { Objm, type ObjectStore } from "@nats-io/obj";
import type { NatsConnection } from "@nats-io/transport-node";
import { insist, requestTimeoutMs } from "@hearth/bus";

/** Code bundles by the SHA-256 of their content, in lower-case hex. */
export interface BundleStore {
  has(sha256: string): Promise<boolean>;
  put(sha256: string, data: Uint8Array): Promise<void>;
}

/** Bundles in JetStream's object store. */
export async function openNatsBundleStore(connection: NatsConnection, bucket: string): Promise<BundleStore> {
  const store: ObjectStore = await new Objm(jetstream(connection, { timeout: requestTimeoutMs })).create(bucket);
  return {
    async has(sha256) {
      const info = await insist(() => store.info(sha256));
      return info !== null && !info.deleted;
    },
    async put(sha256, data) {
      await insist(() => store.putBlob({ name: sha256 }, data));
    },
  };
}
