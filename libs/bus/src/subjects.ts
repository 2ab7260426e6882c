/** Every NATS name Hearth uses, in one place. Message types are in proto/hearth/v1/bus.proto and journal.proto. */
export const subjects = {
  /** `SlotAnnouncement`s of the replicas of an environment. */
  slots: (environment: string): string => `hearth.slots.${environment}`,
  allSlots: "hearth.slots.*",
  /** `DemandReport`s of a router. */
  demand: (routerId: string): string => `hearth.demand.${routerId}`,
  allDemand: "hearth.demand.*",
  /** `LocateRequest`s to every router. */
  locate: "hearth.locate",
  /** `JournalBatch`es of a router. */
  journal: (routerId: string): string => `hearth.journal.${routerId}`,
  allJournal: "hearth.journal.*",
  /** `LogBatch`es of all agents. */
  logs: "hearth.logs",
  /** A piece of a payload too large to be inline, counted from 0. */
  payload: (sha256: string, piece: number): string => `hearth.payload.${sha256}.${piece}`,
  payloadPieces: (sha256: string): string => `hearth.payload.${sha256}.*`,
  allPayloads: "hearth.payload.*.*",
} as const;

/** JetStream streams. */
export const streams = { journal: "HEARTH_JOURNAL", logs: "HEARTH_LOGS", payloads: "HEARTH_PAYLOADS" } as const;

/** Key-value buckets and object stores. */
export const buckets = {
  /** `CatalogueEntry` by environment name. */
  catalogue: "hearth_environments",
  /** Which execution an idempotency key stands for. */
  keys: "hearth_keys",
  /** Which control plane acts. */
  leader: "hearth_leader",
  /** Code bundles by SHA-256. */
  bundles: "hearth_bundles",
} as const;

/** Where NATS's clients keep a key of a bucket (its ADR-8): the stream, and the subject whose last message is the value. */
export function keyOf(bucket: string, key: string): { readonly stream: string; readonly subject: string } {
  return { stream: `KV_${bucket}`, subject: `$KV.${bucket}.${key}` };
}

/** Where they keep an object (its ADR-20): the subject of what describes it, and those of its pieces, by the id it says. */
export function objectOf(
  bucket: string,
  name: string,
): { readonly stream: string; readonly subject: string; readonly pieces: (id: string) => string } {
  // base64url, but with padding.
  const encoded = Buffer.from(name).toString("base64").replaceAll("+", "-").replaceAll("/", "_");
  return { stream: `OBJ_${bucket}`, subject: `$O.${bucket}.M.${encoded}`, pieces: (id) => `$O.${bucket}.C.${id}` };
}
