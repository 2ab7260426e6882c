import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import { Objm, type ObjectStore } from "@nats-io/obj";
import type { NatsConnection } from "@nats-io/transport-node";
import { insist, requestTimeoutMs } from "@hearth/bus";

/** Code bundles by the SHA-256 of their content, in lower-case hex. */
export interface BundleStore {
  /** Whether all of it is there. */
  has(sha256: string): Promise<boolean>;
  put(sha256: string, data: Uint8Array): Promise<void>;
}

/** Bundles in JetStream's object store. */
export async function openNatsBundleStore(connection: NatsConnection, bucket: string): Promise<BundleStore> {
  const store: ObjectStore = await new Objm(jetstream(connection, { timeout: requestTimeoutMs })).create(bucket);
  const manager = await jetstreamManager(connection, { checkAPI: false, timeout: requestTimeoutMs });
  return {
    async has(sha256) {
      const info = await insist(() => store.info(sha256));
      if (info === null || info.deleted) return false;
      // An upload whose acknowledgement was late takes its pieces back, though the object may be there by then.
      const pieces = `$O.${bucket}.C.${info.nuid}`;
      const { state } = await insist(() => manager.streams.info(`OBJ_${bucket}`, { subjects_filter: pieces }));
      return state.subjects?.[pieces] === info.chunks;
    },
    async put(sha256, data) {
      await insist(() => store.putBlob({ name: sha256 }, data));
    },
  };
}
