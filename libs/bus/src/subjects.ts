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
} as const;

/** JetStream streams. */
export const streams = { journal: "HEARTH_JOURNAL", logs: "HEARTH_LOGS" } as const;

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
  /** Payloads too large to be inline, by SHA-256. */
  payloads: "hearth_payloads",
} as const;
