import { jetstreamManager, type JetStreamManager } from "@nats-io/jetstream";
import { streams, subjects, type Bus } from "@hearth/bus";
import { decodeMessage, JournalBatchSchema, type JournalBatch } from "@hearth/proto";

/** The last batch of a router's journal. */
export interface JournalTail {
  readonly sequence: number;
  readonly batch: JournalBatch;
}

/** JetStream's code for "no message found". */
const noMessage = 10037;

/** Reads where journals end. */
export class JournalTails {
  readonly #manager: Promise<JetStreamManager>;

  constructor(bus: Bus) {
    this.#manager = jetstreamManager(bus.connection, { checkAPI: false });
  }

  /** Undefined: no router has written anything there, or nothing of it is kept. What ends in bytes that no router writes is none's. */
  async of(routerId: string): Promise<JournalTail | undefined> {
    const manager = await this.#manager;
    try {
      const message = await manager.streams.getMessage(streams.journal, { last_by_subj: subjects.journal(routerId) });
      const batch = message === null ? undefined : readBatch(message.data);
      return message === null || batch === undefined ? undefined : { sequence: message.seq, batch };
    } catch (error) {
      if ((error as { readonly code?: unknown }).code === noMessage) return undefined;
      throw error;
    }
  }

  /** Every router of which something is kept. */
  async routers(): Promise<readonly string[]> {
    const manager = await this.#manager;
    const { state } = await manager.streams.info(streams.journal, { subjects_filter: subjects.allJournal });
    return Object.keys(state.subjects ?? {}).map((subject) => subject.slice(subjects.journal("").length));
  }
}

/** Undefined: it is no batch. Anybody may write to a subject. */
export function readBatch(data: Uint8Array): JournalBatch | undefined {
  try {
    return decodeMessage(JournalBatchSchema, data);
  } catch {
    return undefined;
  }
}

/** The router that took over from the one whose journal ends so, "" for none. Undefined: the journal is open. */
export function successorOf({ batch }: JournalTail): string | undefined {
  const last = batch.records.at(-1)?.event;
  return last?.case === "sealed" ? last.value.successorId : undefined;
}
