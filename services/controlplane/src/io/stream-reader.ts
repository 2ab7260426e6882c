import {
  AckPolicy,
  DeliverPolicy,
  jetstream,
  jetstreamManager,
  type Consumer,
  type ConsumerMessages,
  type JetStreamManager,
  type JsMsg,
} from "@nats-io/jetstream";
import { ensureStreams, type Bus } from "@hearth/bus";
import { setTimeout as delay } from "node:timers/promises";
import { decideStart, type StartDecision, type StreamPosition } from "../core/stream-position.ts";

/** A message of a stream, and its place there. */
export interface StreamMessage extends StreamPosition {
  readonly data: Uint8Array;
}

/** Reads a stream from where it is told. The server keeps nothing of it, so that any number may read, each for itself. */
export interface StreamReader {
  readonly stream: string;
  /** Where to begin when it was read up to a position. Makes the stream when it is missing. */
  start(position: StreamPosition): Promise<StartDecision>;
  /**
   * Hands over every message behind a sequence in order, or from the first that there is, in batches of at most `batchMax`,
   * one batch at a time. Runs until the signal; throws when a batch was rejected, or when it is not certain any more that
   * no message is left out: then it has to begin again behind the last that was taken.
   */
  read(options: {
    readonly after: number;
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

/** A server that says nothing for this long is silent; it is asked to give a sign of life twice in it. */
const silentAfterMs = 10_000;

/** The server forgets a reader that has asked for nothing for so long. */
const forgottenAfterNanoseconds = 60 * 1_000_000_000;

export function natsStreamReader(bus: Bus, stream: string): StreamReader {
  return {
    stream,
    async start(position) {
      await ensureStreams(bus);
      return decideStartIn(await jetstreamManager(bus.connection, { checkAPI: false }), stream, position);
    },
    async read({ after, batchMax, take, signal }) {
      const consumer = await openConsumer(bus, stream, after);
      const messages = await consumer.consume({
        max_messages: underWayMax,
        expires: silentAfterMs,
        abort_on_missing_resource: true,
      });
      endWhenSilent(messages);
      const stop = (): void => messages.stop();
      signal.addEventListener("abort", stop);
      // It may have been aborted while the consumer was made.
      if (signal.aborted) stop();
      try {
        await inBatches(messages, { after, batchMax, take });
      } finally {
        signal.removeEventListener("abort", stop);
        messages.stop();
      }
    },
  };
}

/** Whether a stream is still the one that was read up to a position. */
export async function decideStartIn(
  manager: JetStreamManager,
  stream: string,
  position: StreamPosition,
): Promise<StartDecision> {
  const { created, state } = await manager.streams.info(stream);
  const { sequence } = position;
  const isThere = sequence >= Math.max(1, state.first_seq) && sequence <= state.last_seq;
  const record = isThere ? await manager.streams.getMessage(stream, { seq: sequence }) : null;
  return decideStart(position, {
    createdMs: Date.parse(created),
    lastSequence: state.last_seq,
    storedMs: record?.time.getTime(),
  });
}

/** A consumer of its own, in the server's memory, without acknowledgements: what it has handed out it does not hand out again. */
async function openConsumer(bus: Bus, stream: string, after: number): Promise<Consumer> {
  const manager = await jetstreamManager(bus.connection, { checkAPI: false });
  const info = await manager.consumers.add(stream, {
    deliver_policy: DeliverPolicy.StartSequence,
    opt_start_seq: after + 1,
    ack_policy: AckPolicy.None,
    mem_storage: true,
    num_replicas: 1,
    inactive_threshold: forgottenAfterNanoseconds,
  });
  return jetstream(bus.connection).consumers.getConsumerFromInfo(info);
}

/**
 * The client would ask a silent server for messages again and again, also while it is this process that does not read on;
 * the answers would come all at once.
 */
function endWhenSilent(messages: ConsumerMessages): void {
  void (async () => {
    for await (const { type } of messages.status()) {
      if (type === "heartbeats_missed") messages.stop(new Error("nothing was heard of the server"));
    }
  })();
}

/** Gathers what arrives while the batch before is being taken, and for a moment longer when that was something. */
async function inBatches(
  messages: ConsumerMessages,
  options: {
    readonly after: number;
    readonly batchMax: number;
    readonly take: (batch: readonly StreamMessage[]) => Promise<void>;
  },
): Promise<void> {
  const { batchMax, take } = options;
  const waiting: JsMsg[] = [];
  const isOverOneBatch = (): boolean => fitting(waiting, batchMax) < waiting.length;
  let taking: Promise<void> | undefined;
  const takeAll = async (): Promise<void> => {
    while (waiting.length > 0) {
      await take(waiting.splice(0, fitting(waiting, batchMax)).map(toMessage));
      if (waiting.length > 0 && !isOverOneBatch()) await delay(gatherMs);
    }
    taking = undefined;
  };
  const checkNext = sequenceCheck(options.after);
  try {
    for await (const message of messages) {
      checkNext(message);
      waiting.push(message);
      if (taking === undefined) {
        // What was delivered in the same tick shares the batch.
        taking = new Promise<void>((resolve) => void setImmediate(resolve)).then(takeAll);
        taking.catch((error: unknown) => messages.stop(error as Error));
      }
      if (isOverOneBatch()) await taking;
    }
  } finally {
    // Whoever reads on must not meet a batch that is still being taken.
    await taking;
  }
}

/** What breaks with a connection is not sent again: the numbers of what was handed out tell. */
function sequenceCheck(after: number): (message: JsMsg) => void {
  let [sequence, delivery] = [after, 0];
  return ({ seq, info }) => {
    if (info.deliverySequence !== delivery + 1 || seq <= sequence)
      throw new Error(`message ${seq}, handed out as number ${info.deliverySequence}, does not follow ${sequence}`);
    [sequence, delivery] = [seq, info.deliverySequence];
  };
}

function toMessage({ data, seq, timestampNanos }: JsMsg): StreamMessage {
  return { data, sequence: seq, storedMs: Number(timestampNanos / 1_000_000n) };
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
