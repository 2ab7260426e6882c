import { jetstreamManager } from "@nats-io/jetstream";
import { streams, subjects, type Bus } from "@hearth/bus";
import { decodeMessage, JournalBatchSchema } from "@hearth/proto";
import type { JournalState } from "../core/decide-trim.ts";
import type { HistoryStore } from "./history-store.ts";
import { decideStartIn } from "./stream-reader.ts";

/** The journal as a whole: how much of it there is, and who needs it. */
export class JournalStream {
  readonly #bus: Bus;
  readonly #history: Pick<HistoryStore, "positionIn">;

  constructor(bus: Bus, history: Pick<HistoryStore, "positionIn">) {
    this.#bus = bus;
    this.#history = history;
  }

  async state(): Promise<JournalState> {
    const manager = await jetstreamManager(this.#bus.connection, { checkAPI: false });
    const position = await this.#history.positionIn(streams.journal);
    const start = await decideStartIn(manager, streams.journal, position);
    const { state } = await manager.streams.info(streams.journal, { subjects_filter: subjects.allJournal });
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
      projectedSequence: start.kind === "goOn" ? position.sequence : 0,
      neededSequence: needed === Infinity ? undefined : needed,
    };
  }

  /** Drops everything before a sequence. */
  async cut(beforeSequence: number): Promise<void> {
    const manager = await jetstreamManager(this.#bus.connection, { checkAPI: false });
    await manager.streams.purge(streams.journal, { seq: beforeSequence });
  }
}
