import { jetstreamManager } from "@nats-io/jetstream";
import { streams, subjects, type Bus } from "@hearth/bus";
import { decodeMessage, JournalBatchSchema } from "@hearth/proto";
import type { JournalState } from "../core/decide-trim.ts";

/** The journal as a whole: how much of it there is, and who needs it. */
export class JournalStream {
  readonly #bus: Bus;
  readonly #reader: string;

  /** `reader`: the name under which the history reads it. */
  constructor(bus: Bus, reader: string) {
    this.#bus = bus;
    this.#reader = reader;
  }

  async state(): Promise<JournalState> {
    const manager = await jetstreamManager(this.#bus.connection, { checkAPI: false });
    const { state } = await manager.streams.info(streams.journal, { subjects_filter: subjects.allJournal });
    const { ack_floor } = await manager.consumers.info(streams.journal, this.#reader);
    let needed = Infinity;
    for (const subject of Object.keys(state.subjects ?? {})) {
      const tail = await manager.streams.getMessage(streams.journal, { last_by_subj: subject });
      if (tail === null) continue;
      const { records, replayFrom } = decodeMessage(JournalBatchSchema, tail.data);
      if (records.at(-1)?.event.case !== "sealed") needed = Math.min(needed, replayFrom || tail.seq);
    }
    return {
      bytes: state.bytes,
      firstSequence: state.first_seq,
      lastSequence: state.last_seq,
      projectedSequence: ack_floor.stream_seq,
      neededSequence: needed === Infinity ? undefined : needed,
    };
  }

  /** Drops everything before a sequence. */
  async cut(beforeSequence: number): Promise<void> {
    const manager = await jetstreamManager(this.#bus.connection, { checkAPI: false });
    await manager.streams.purge(streams.journal, { seq: beforeSequence });
  }

  /** Lets the history read it from its first record again. */
  async rewind(): Promise<void> {
    const manager = await jetstreamManager(this.#bus.connection, { checkAPI: false });
    await manager.consumers.delete(streams.journal, this.#reader).catch(() => false);
  }
}
