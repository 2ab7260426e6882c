import { fromBinary } from "@bufbuild/protobuf";
import { buckets, insist, keyOf, readStored, type Bus } from "@hearth/bus";
import { CatalogueEntrySchema } from "@hearth/proto";

/** As environment.proto bounds it. */
const concurrencyMax = 10_000;

/** A request to NATS is made for about as long as its server may take to restart. */
const triesMax = 20;

/** Tells the concurrency of an environment's policy, now and whenever it changes. Settled when the bus is closed. */
export async function followConcurrency(
  bus: Bus,
  environment: string,
  tell: (concurrency: number) => void,
): Promise<void> {
  const { stream, subject } = keyOf(buckets.catalogue, environment);
  let heard = 0;
  const take = (bytes: Uint8Array): void => {
    const concurrency = readConcurrency(bytes);
    if (concurrency !== undefined && concurrency >= 1 && concurrency <= concurrencyMax) tell(concurrency);
  };
  bus.connection.subscribe(subject, {
    callback(error, message) {
      if (error !== null) return;
      heard += 1;
      take(message.data);
    },
  });
  const read = async (): Promise<void> => {
    const before = heard;
    const entry = await insist(() => readStored(bus, stream, { last_by_subj: subject }), triesMax);
    // What was heard meanwhile is at least as new.
    if (entry !== undefined && heard === before) take(entry.data);
  };
  await read();
  for await (const { type } of bus.connection.status()) {
    // What was said while the connection was broken nobody heard.
    if (type === "reconnect") await read();
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
