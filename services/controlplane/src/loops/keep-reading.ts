import type { Logger } from "@hearth/telemetry";
import { setTimeout as delay } from "node:timers/promises";
import type { DurableStream, StreamMessage } from "../io/durable-stream.ts";

const retryAfterMs = 1_000;

/**
 * Reads a stream until the signal. A batch that could not be taken is tried again until it can be: what follows must not
 * overtake it. When the stream itself is gone, it is opened anew.
 */
export async function keepReading(options: {
  readonly stream: DurableStream;
  readonly batchMax: number;
  readonly take: (batch: readonly StreamMessage[]) => Promise<void>;
  readonly log: Logger;
  readonly signal: AbortSignal;
}): Promise<void> {
  const { stream, batchMax, take, log, signal } = options;
  const insist = async (batch: readonly StreamMessage[]): Promise<void> => {
    for (;;) {
      try {
        return await take(batch);
      } catch (error) {
        if (signal.aborted) throw error;
        log.error({ error: String(error), messages: batch.length }, "batch not written, trying again");
        await delay(retryAfterMs, undefined, { signal });
      }
    }
  };
  while (!signal.aborted) {
    try {
      await stream.read({ batchMax, take: insist, signal });
    } catch (error) {
      log.warn({ error: String(error) }, "stream not readable, trying again");
    }
    await delay(retryAfterMs, undefined, { signal }).catch(() => undefined);
  }
}
