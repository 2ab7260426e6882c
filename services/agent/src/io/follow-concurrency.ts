import { fromBinary } from "@bufbuild/protobuf";
import { buckets, type Bus } from "@hearth/bus";
import { CatalogueEntrySchema } from "@hearth/proto";

/** As environment.proto bounds it. */
const concurrencyMax = 10_000;

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
    const concurrency = readConcurrency(entry.value);
    if (concurrency !== undefined && concurrency >= 1 && concurrency <= concurrencyMax) tell(concurrency);
  }
}

/** Undefined: the entry does not say, or is none. */
function readConcurrency(bytes: Uint8Array): number | undefined {
  try {
    return fromBinary(CatalogueEntrySchema, bytes).environment?.policy?.concurrency;
  } catch {
    return undefined;
  }
}
