import { buckets, type Bus } from "@hearth/bus";
import type { FetchBundle } from "./bundle-cache.ts";

/** Bundles from JetStream's object store. Its client is loaded only when a bundle has to be fetched. */
export function fetchFromNats(bus: Promise<Bus>): FetchBundle {
  return async (sha256) => {
    const { Objm } = await import("./nats-clients.ts");
    const store = await new Objm((await bus).connection).open(buckets.bundles);
    return store.getBlob(sha256);
  };
}
