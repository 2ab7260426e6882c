import type { Logger } from "@hearth/telemetry";
import { setTimeout as delay } from "node:timers/promises";
import type { StreamPosition, PositionMove } from "../core/stream-position.ts";
import { PositionMoved, type HistoryStore } from "../io/history-store.ts";
import type { StreamMessage, StreamReader } from "../io/stream-reader.ts";

const retryAfterMs = 1_000;

export interface ReadingOptions {
  readonly reader: StreamReader;
  readonly store: Pick<HistoryStore, "positionIn">;
  readonly batchMax: number;
  /** Writes what a batch says, and with it moves the position. */
  readonly take: (batch: readonly StreamMessage[], move: PositionMove) => Promise<void>;
  /** Called when something may have been written of the stream that was not taken here. */
  readonly missed: () => void;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

/**
 * Reads a stream until the signal, from where the history is. A batch that could not be written is tried again until it can
 * be: what follows must not overtake it. One that another control plane has written is dropped: the one that leads now, or
 * the one that led before. After that, and when the stream could not be read, reading begins where the history is by then.
 */
export async function keepReading(options: ReadingOptions): Promise<void> {
  const { reader, log, signal } = options;
  const reading = new Reading(options);
  while (!signal.aborted) {
    try {
      await reading.readOn();
    } catch (error) {
      log.warn({ stream: reader.stream, error: String(error) }, "stream not read on, beginning where the history is");
    }
    await delay(retryAfterMs, undefined, { signal }).catch(() => undefined);
  }
}

class Reading {
  readonly #options: ReadingOptions;
  /** What was taken here. */
  #taken: StreamPosition | undefined;

  constructor(options: ReadingOptions) {
    this.#options = options;
  }

  async readOn(): Promise<void> {
    const { reader, store, batchMax, missed, log, signal } = this.#options;
    const stored = await store.positionIn(reader.stream);
    if (this.#taken?.sequence !== stored.sequence || this.#taken.storedMs !== stored.storedMs) missed();
    const start = await reader.start(stored);
    const isAnew = start.kind === "beginAnew";
    if (isAnew) log.warn({ stream: reader.stream, ...start }, "the stream is read from its first record");
    let from = stored;
    await reader.read({
      after: isAnew ? 0 : stored.sequence,
      batchMax,
      signal,
      take: async (batch) => {
        const { sequence, storedMs } = batch.at(-1) ?? from;
        const to = { sequence, storedMs };
        await this.#insist(batch, { stream: reader.stream, from, to });
        this.#taken = from = to;
      },
    });
  }

  async #insist(batch: readonly StreamMessage[], move: PositionMove): Promise<void> {
    const { take, log, signal } = this.#options;
    for (;;) {
      try {
        return await take(batch, move);
      } catch (error) {
        if (signal.aborted || error instanceof PositionMoved) throw error;
        log.error({ error: String(error), messages: batch.length }, "batch not written, trying again");
        await delay(retryAfterMs, undefined, { signal });
      }
    }
  }
}
