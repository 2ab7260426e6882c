import { createHash } from "node:crypto";
import { buckets, insist, requestTimeoutMs, type Bus } from "@hearth/bus";
import { HearthError } from "@hearth/errors";
import { jetstream, jetstreamManager, JetStreamApiError } from "@nats-io/jetstream";
import { Objm, type ObjectStore } from "@nats-io/obj";
import { payloadBytesMax } from "./bounds.ts";
import type { PayloadStore } from "./payload-store.ts";

/** One message of the object store: few for a large payload, and well below what a server takes. */
const chunkBytes = 1024 * 1024;

/** What was stored a shorter time ago need not be stored again to count as new. */
const freshMs = 60_000;

/** How long reading one payload may take: a server that goes away meanwhile says nothing. */
const readTimeoutMs = 30_000;

/** JetStream's codes for a bound of its storage that is reached. */
const fullCodes: ReadonlySet<number> = new Set([10_023, 10_047, 10_077]);

/** Payloads in JetStream's object store. `tries`: how often a request is made before NATS counts as away. */
export function natsPayloadStore(bus: Bus, tries?: number): PayloadStore {
  let opened: Promise<ObjectStore> | undefined;
  const open = (): Promise<ObjectStore> => {
    const opening = (opened ??= new Objm(jetstream(bus.connection, { timeout: requestTimeoutMs })).create(
      buckets.payloads,
    ));
    opening.catch(() => (opened = undefined));
    return opening;
  };
  const ask = <T>(request: (store: ObjectStore) => Promise<T>): Promise<T> =>
    insist(async () => request(await open()), tries);

  return {
    async put(bytes) {
      if (bytes.length > payloadBytesMax) throw tooLarge(bytes.length);
      const sha256 = createHash("sha256").update(bytes).digest("hex");
      await ask(async (store) => {
        const known = await store.info(sha256);
        if (known !== null && !known.deleted && Date.now() - Date.parse(known.mtime) < freshMs) return;
        try {
          await store.putBlob({ name: sha256, options: { max_chunk_size: chunkBytes } }, bytes);
        } catch (error) {
          throw error instanceof JetStreamApiError && fullCodes.has(error.code) ? full(error) : error;
        }
      });
      return { sha256, sizeBytes: bytes.length };
    },
    async get(sha256) {
      const bytes = await ask((store) => withinTime(store.getBlob(sha256)));
      if (bytes === null) throw notFound(sha256);
      return bytes;
    },
    async list() {
      const found = await ask((store) => store.list());
      return found.map(({ name, mtime }) => ({ sha256: name, storedMs: Date.parse(mtime) }));
    },
    async remove(sha256) {
      await ask(async (store) => {
        await store.delete(sha256);
        // What says that it was deleted need not be kept: nobody follows the bucket.
        const manager = await jetstreamManager(bus.connection, { checkAPI: false, timeout: requestTimeoutMs });
        const name = Buffer.from(sha256).toString("base64url");
        const filter = `$O.${buckets.payloads}.M.${name}`;
        await manager.streams.purge(`OBJ_${buckets.payloads}`, { filter });
      });
    },
  };
}

async function withinTime<T>(reading: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error("the payload did not come within 30 s")), readTimeoutMs);
  return Promise.race([reading, late.promise]).finally(() => clearTimeout(timer));
}

function tooLarge(bytes: number): HearthError {
  const message = `The payload takes ${bytes} bytes encoded; at most ${payloadBytesMax} can be sent. Send a reference to the data instead.`;
  const metadata = { payloadBytes: String(bytes), payloadBytesMax: String(payloadBytesMax) };
  return new HearthError("PAYLOAD_TOO_LARGE", message, metadata);
}

function full(error: Error): HearthError {
  const message = `The object store takes no more (${error.message}). Give JetStream more storage, or keep runs for a shorter time (HEARTH_HISTORY_RETENTION_MS).`;
  return new HearthError("PAYLOAD_STORE_FULL", message);
}

function notFound(sha256: string): HearthError {
  const message = `There is no stored payload ${sha256}. Payloads go with the runs that named them (HEARTH_HISTORY_RETENTION_MS).`;
  return new HearthError("PAYLOAD_NOT_FOUND", message);
}
