import { fromBinary } from "@bufbuild/protobuf";
import { buckets, type Bus } from "@hearth/bus";
import { CatalogueEntrySchema } from "@hearth/proto";

/** Tells the concurrency of an environment's policy, now and whenever it changes. */
export async function followConcurrency(
  bus: Bus,
  environment: string,
  tell: (concurrency: number) => void,
): Promise<void> {
  // Not needed to start, so not loaded before.
  const { Kvm } = await import("./nats-clients.ts");
  const bucket = await new Kvm(bus.connection).open(buckets.catalogue);
  for await (const entry of await bucket.watch({ key: environment })) {
    if (entry.operation !== "PUT") continue;
    const concurrency = fromBinary(CatalogueEntrySchema, entry.value).environment?.policy?.concurrency;
    if (concurrency !== undefined) tell(concurrency);
  }
}
