import { fromBinary } from "@bufbuild/protobuf";
import { buckets, type Bus } from "@hearth/bus";
import { CatalogueEntrySchema, type CatalogueEntry, type Environment } from "@hearth/proto";
import { Kvm } from "@nats-io/kv";

/** What changed in the catalogue of environments. */
export type CatalogueChange =
  { readonly kind: "put"; readonly environment: Environment } | { readonly kind: "deleted"; readonly name: string };

/** Follows the catalogue. Resolves once every environment that is there has been told; changes go on until `stop`. */
export async function followCatalogue(
  bus: Bus,
  on: {
    readonly change: (change: CatalogueChange) => void;
    /** An entry is none, or is one of another name. What was told of the name before still holds. */
    readonly ignored: (name: string) => void;
    readonly failed: (error: unknown) => void;
  },
): Promise<{ stop(): void }> {
  const bucket = await new Kvm(bus.connection).create(buckets.catalogue);
  const told = Promise.withResolvers<void>();
  const watch = await bucket.watch();
  const follow = async (): Promise<void> => {
    for await (const entry of watch) {
      if (entry.operation === "PUT") {
        const environment = readEntry(entry.value)?.environment;
        if (environment?.name === entry.key) on.change({ kind: "put", environment });
        else on.ignored(entry.key);
      } else {
        on.change({ kind: "deleted", name: entry.key });
      }
      if (entry.delta === 0) told.resolve();
    }
  };
  follow().catch(on.failed);
  if ((await bucket.status()).values === 0) told.resolve();
  await told.promise;
  return { stop: () => watch.stop() };
}

function readEntry(bytes: Uint8Array): CatalogueEntry | undefined {
  try {
    return fromBinary(CatalogueEntrySchema, bytes);
  } catch {
    return undefined;
  }
}
