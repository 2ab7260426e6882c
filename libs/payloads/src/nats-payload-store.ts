import { createHash } from "node:crypto";
import { ensureStreams, insist, requestTimeoutMs, streams, subjects, type Bus } from "@hearth/bus";
import { HearthError } from "@hearth/errors";
import {
  DeliverPolicy,
  jetstream,
  JetStreamApiError,
  jetstreamManager,
  type JetStreamManager,
  type StoredMsg,
} from "@nats-io/jetstream";
import { headers } from "@nats-io/transport-node";
import { payloadBytesMax } from "./bounds.ts";
import type { KeptPayload, PayloadStore } from "./payload-store.ts";

/** One message of the stream: few for a large payload, and well below what a server takes. */
const pieceBytes = 1024 * 1024;

/** On the first piece: how many there are. */
const piecesHeader = "Hearth-Pieces";

/** What was stored a shorter time ago need not be stored again to count as new. */
const freshMs = 60_000;

/** JetStream's codes for a bound of its storage that is reached. */
const fullCodes: ReadonlySet<number> = new Set([10_023, 10_047, 10_077]);

/**
 * Payloads in a JetStream stream, as pieces that are named by the content and their place in it: storing a payload twice, at
 * the same time or after a failure half-way, comes to the same. (JetStream's object store names pieces anew for each attempt,
 * and takes them back when an acknowledgement is late, which leaves an object without its pieces.)
 * `tries`: how often a request is made before NATS counts as away.
 */
export function natsPayloadStore(bus: Bus, tries?: number): PayloadStore {
  let opened: Promise<JetStreamManager> | undefined;
  const open = (): Promise<JetStreamManager> => {
    const opening = (opened ??= openStream(bus));
    opening.catch(() => (opened = undefined));
    return opening;
  };
  const ask = <T>(request: (manager: JetStreamManager) => Promise<T>): Promise<T> =>
    insist(async () => request(await open()), tries);
  const read = (manager: JetStreamManager, sha256: string, piece: number): Promise<StoredMsg | null> =>
    manager.direct.getMessage(streams.payloads, { last_by_subj: subjects.payload(sha256, piece) });

  return {
    async put(bytes) {
      if (bytes.length > payloadBytesMax) throw tooLarge(bytes.length);
      const sha256 = createHash("sha256").update(bytes).digest("hex");
      await ask(async (manager) => {
        const known = await read(manager, sha256, 0);
        if (known === null || known.time.getTime() + freshMs < Date.now()) await store(bus, sha256, bytes);
      });
      return { sha256, sizeBytes: bytes.length };
    },
    async get(sha256) {
      const pieces = await ask(async (manager) => {
        const first = await read(manager, sha256, 0);
        const count = Number(first?.header.get(piecesHeader) ?? 0);
        const found = [first];
        while (found.length < count) found.push(await read(manager, sha256, found.length));
        return found;
      });
      const bytes = Buffer.concat(pieces.map((piece) => piece?.data ?? new Uint8Array()));
      // Also of one that is being removed, or was put there by somebody else.
      if (createHash("sha256").update(bytes).digest("hex") !== sha256) throw notFound(sha256);
      return bytes;
    },
    async list() {
      return ask(() => listFirstPieces(bus));
    },
    async remove({ sha256, sequence }) {
      const purge = { filter: subjects.payloadPieces(sha256), seq: sequence + 1 };
      await ask((manager) => manager.streams.purge(streams.payloads, purge));
    },
  };
}

async function openStream(bus: Bus): Promise<JetStreamManager> {
  await ensureStreams(bus);
  return jetstreamManager(bus.connection, { checkAPI: false, timeout: requestTimeoutMs });
}

/** The first piece is written last: a payload that has it is whole. */
async function store(bus: Bus, sha256: string, bytes: Uint8Array): Promise<void> {
  const client = jetstream(bus.connection, { timeout: requestTimeoutMs });
  const count = Math.max(1, Math.ceil(bytes.length / pieceBytes));
  const first = headers();
  first.set(piecesHeader, `${count}`);
  try {
    for (let piece = count - 1; piece >= 0; piece -= 1) {
      const part = bytes.subarray(piece * pieceBytes, (piece + 1) * pieceBytes);
      await client.publish(subjects.payload(sha256, piece), part, piece === 0 ? { headers: first } : {});
    }
  } catch (error) {
    throw error instanceof JetStreamApiError && fullCodes.has(error.code) ? full(error) : error;
  }
}

async function listFirstPieces(bus: Bus): Promise<readonly KeptPayload[]> {
  const { consumers } = jetstream(bus.connection, { timeout: requestTimeoutMs });
  const consumer = await consumers.getPushConsumer(streams.payloads, {
    ...{ filter_subjects: subjects.payload("*", 0), deliver_policy: DeliverPolicy.All, headers_only: true },
  });
  const found: KeptPayload[] = [];
  try {
    if ((await consumer.info()).num_pending === 0) return [];
    for await (const { subject, seq, time, info } of await consumer.consume()) {
      found.push({ sha256: subject.split(".")[2] ?? "", storedMs: time.getTime(), sequence: seq });
      if (info.pending === 0) break;
    }
  } finally {
    await consumer.delete().catch(() => undefined);
  }
  return found;
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
