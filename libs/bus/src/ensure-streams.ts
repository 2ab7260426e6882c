import {
  DiscardPolicy,
  jetstreamManager,
  RetentionPolicy,
  StorageType,
  type JetStreamManager,
  type StreamConfig,
} from "@nats-io/jetstream";
import type { Bus } from "./connect-bus.ts";
import { streams, subjects } from "./subjects.ts";

const hourNanoseconds = 3_600 * 1_000_000_000;
const mebibyte = 1024 * 1024;

type OwnConfig = Partial<StreamConfig> & Pick<StreamConfig, "name" | "subjects">;

/**
 * The journal outlives a restart of the server. The control plane drops what nobody needs any more; when it is away for so
 * long that the bound is reached, routers accept nothing new rather than that a record is lost.
 */
const journal = {
  name: streams.journal,
  subjects: [subjects.allJournal],
  storage: StorageType.File,
  retention: RetentionPolicy.Limits,
  discard: DiscardPolicy.New,
  max_bytes: 4096 * mebibyte,
} satisfies OwnConfig;

/** Printed lines on their way to the history, for an hour and up to 256 MiB. */
const logs: OwnConfig = {
  name: streams.logs,
  subjects: [subjects.logs],
  storage: StorageType.File,
  retention: RetentionPolicy.Limits,
  discard: DiscardPolicy.Old,
  max_age: hourNanoseconds,
  max_bytes: 256 * mebibyte,
};

/** Large payloads in pieces, the latest of each name. The control plane removes what nothing names; the storage is the bound. */
const payloads: OwnConfig = {
  name: streams.payloads,
  subjects: [subjects.allPayloads],
  storage: StorageType.File,
  retention: RetentionPolicy.Limits,
  discard: DiscardPolicy.New,
  max_msgs_per_subject: 1,
  allow_direct: true,
};

/**
 * Makes the JetStream streams of Hearth where they are missing. Those that exist with other bounds are left as they are,
 * except that a journal which drops records by itself, as earlier versions made it, stops doing so.
 */
export async function ensureStreams(bus: Bus): Promise<void> {
  const manager = await jetstreamManager(bus.connection, { checkAPI: false });
  await ensureStream(manager, journal);
  await keepEveryRecord(manager);
  await ensureStream(manager, logs);
  await ensureStream(manager, payloads);
}

/** JetStream's code for "stream name already in use with a different configuration". */
const nameInUse = 10058;

async function ensureStream(manager: JetStreamManager, config: OwnConfig): Promise<void> {
  try {
    // Adding an equal stream again changes nothing, so two that start at once do not disturb each other.
    await manager.streams.add(config);
  } catch (error) {
    if ((error as { readonly code?: unknown }).code !== nameInUse) throw error;
  }
}

/**
 * The bound grows with the change: what the control plane leaves in the journal has to stay below it, or routers would
 * accept nothing more.
 */
async function keepEveryRecord(manager: JetStreamManager): Promise<void> {
  const { discard, max_age, max_bytes } = (await manager.streams.info(journal.name)).config;
  if (discard === DiscardPolicy.New && max_age === 0) return;
  const bytes = max_bytes === -1 ? -1 : Math.max(max_bytes, journal.max_bytes);
  await manager.streams.update(journal.name, { discard: DiscardPolicy.New, max_age: 0, max_bytes: bytes });
}
