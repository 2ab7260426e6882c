import { buckets, insist, objectOf, readStored, type Bus } from "@hearth/bus";
import type { FetchBundle } from "./bundle-cache.ts";

/** What the object store says of an object, as far as it matters here. */
interface Described {
  readonly nuid: string;
  readonly chunks: number;
  readonly deleted?: boolean;
}

/** Bundles from JetStream's object store. Whether what came is the bundle, its hash says. */
export function fetchFromNats(bus: Promise<Bus>): FetchBundle {
  return async (sha256) => {
    const connected = await bus;
    const { stream, subject, pieces } = objectOf(buckets.bundles, sha256);
    const description = await insist(() => readStored(connected, stream, { last_by_subj: subject }));
    if (description === undefined) return null;
    const { nuid, chunks, deleted } = JSON.parse(Buffer.from(description.data).toString()) as Described;
    if (deleted === true) return null;
    const read: Uint8Array[] = [];
    for (let seq = 1; read.length < chunks;) {
      const piece = await insist(() => readStored(connected, stream, { next_by_subj: pieces(nuid), seq }));
      if (piece === undefined) return null;
      read.push(piece.data);
      seq = piece.sequence + 1;
    }
    return Buffer.concat(read);
  };
}
