import {
  AckPolicy,
  DeliverPolicy,
  jetstream,
  jetstreamManager,
  type JetStreamManager,
  type JsMsg,
} from "@nats-io/jetstream";
import { ensureStreams, type Bus } from "@hearth/bus";
import { setTimeout as delay } from "node:timers/promises";

/** A message of a stream. */
export interface StreamMessage {
  readonly data: Uint8Array;
  /** Its place in the stream. */
  readonly sequence: number;
}

/** Where a reader of a stream goes on after a restart, kept by the server. */
export interface DurableStream {
  /**
   * Hands over the messages in batches of at most `batchMax`, one batch at a time, and acknowledges a batch once `take`
   * has resolved. Messages whose batch was rejected come again. Runs until the signal; throws when the stream is gone.
   */
  read(options: {
    readonly batchMax: number;
    readonly take: (batch: readonly StreamMessage[]) => Promise<void>;
    readonly signal: AbortSignal;
  }): Promise<void>;
}

/**
 * So many messages of the largest size, 8 MB, are less than the 64 MiB that a server holds for a connection before it cuts it
 * off as a slow consumer.
 */
const underWayMax = 7;

/** A batch takes no more messages from here on. */
const batchBytesMax = 16 * 1024 * 1024;

/** When much comes, what comes within this time is one batch: an execution whose records it holds is written once then. */
const gatherMs = 50;

/** After this long without an acknowledgement the server sends a message again. */
const ackWaitNanoseconds = 30 * 1_000_000_000;

export function natsDurableStream(bus: Bus, stream: string, reader: string): DurableStream {
  return {
    async read({ batchMax, take, signal }) {
      await ensureStreams(bus);
      const manager = await jetstreamManager(bus.connection, { checkAPI: false });
      const from = await nextOf(manager, stream, reader);
      // Made anew: what an earlier reader had taken and not acknowledged would come again only after a while, behind what is
      // later, and records have to be read in their order.
      await manager.consumers.delete(stream, reader).catch(() => false);
      await manager.consumers.add(stream, {
        durable_name: reader,
        ack_policy: AckPolicy.Explicit,
        ...(from === undefined
          ? { deliver_policy: DeliverPolicy.All }
          : { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: from }),
        ack_wait: ackWaitNanoseconds,
        max_ack_pending: batchMax * 4,
      });
      const consumer = await jetstream(bus.connection).consumers.get(stream, reader);
      const messages = await consumer.consume({ max_messages: underWayMax });
      const stop = (): void => messages.stop();
      signal.addEventListener("abort", stop);
      // It may have been aborted while the consumer was made.
      if (signal.aborted) stop();
      try {
        await inBatches(messages, batchMax, take);
      } finally {
        signal.removeEventListener("abort", stop);
        messages.stop();
      }
    },
  };
}

/** Where the reader has to go on. Undefined: at the first message. */
async function nextOf(manager: JetStreamManager, stream: string, reader: string): Promise<number | undefined> {
  const info = await manager.consumers.info(stream, reader).catch(() => undefined);
  if (info === undefined) return undefined;
  const next = Math.max(info.ack_floor.stream_seq + 1, info.config.opt_start_seq ?? 1);
  return next === 1 ? undefined : next;
}

/** Gathers what arrives while the batch before is being taken, and for a moment longer when that was something. */
async function inBatches(
  messages: AsyncIterable<JsMsg>,
  batchMax: number,
  take: (batch: readonly StreamMessage[]) => Promise<void>,
): Promise<void> {
  const waiting: JsMsg[] = [];
  const isOverOneBatch = (): boolean => fitting(waiting, batchMax) < waiting.length;
  let taking: Promise<void> | undefined;
  const takeAll = async (): Promise<void> => {
    while (waiting.length > 0) {
      const batch = waiting.splice(0, fitting(waiting, batchMax));
      await take(batch.map((message) => ({ data: message.data, sequence: message.seq })));
      for (const message of batch) message.ack();
      if (waiting.length > 0 && !isOverOneBatch()) await delay(gatherMs);
    }
    taking = undefined;
  };
  for await (const message of messages) {
    waiting.push(message);
    // What was delivered in the same tick shares the batch.
    taking ??= new Promise<void>((resolve) => void setImmediate(resolve)).then(takeAll);
    taking.catch(() => undefined);
    if (isOverOneBatch()) await taking;
  }
  await taking;
}

/** How many of the messages make a batch; at least one. */
function fitting(messages: readonly JsMsg[], batchMax: number): number {
  let bytes = 0;
  const tooMany = messages.findIndex(({ data }, index) => {
    bytes += data.length;
    return index > 0 && (index >= batchMax || bytes > batchBytesMax);
  });
  return tooMany === -1 ? messages.length : tooMany;
}
