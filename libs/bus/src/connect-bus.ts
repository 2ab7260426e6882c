import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import { decodeMessage, encodeMessage } from "@hearth/proto";
import { connect, headers, type NatsConnection, type Subscription } from "@nats-io/transport-node";

/** A NATS connection that speaks protobuf. Reconnects for ever; what is published meanwhile is buffered by the client. */
export interface Bus {
  /** For JetStream, key-value and object store clients. */
  readonly connection: NatsConnection;
  /** Whether the server can be reached right now. */
  isConnected(): boolean;
  /** Does nothing once the connection is being closed. */
  publish<T extends DescMessage>(subject: string, schema: T, message: MessageShape<T>): void;
  /**
   * Publishes, and settles once the server has the message. Rejects when the connection breaks before: whether it was taken
   * is then not known, but JetStream takes a message of the same `id` only once when it is published again within two minutes.
   */
  deliver<T extends DescMessage>(subject: string, schema: T, message: MessageShape<T>, id: string): Promise<void>;
  /**
   * Calls `receive` for every message on the subject, in order. What cannot be decoded, and what `receive` throws at, is
   * passed to `undecodable` and dropped: anybody may write to a subject, and an error that got out of here would end the
   * reading of the whole connection.
   */
  subscribe<T extends DescMessage>(
    subject: string,
    schema: T,
    receive: (message: MessageShape<T>) => void,
    undecodable?: (error: unknown) => void,
  ): Subscription;
  /** Sends what is buffered, then closes. */
  close(): Promise<void>;
}

/** A journal record carries a payload of up to 4 MiB, and NATS's own bound of 1 MB would refuse it. */
const messageBytesMin = 8_000_000;

/**
 * Connects to the NATS servers at `url` (comma-separated). Waits up to 10 s for the first connection. Throws when the
 * server's max_payload is too small for the journal.
 */
export async function connectBus(options: { readonly url: string; readonly name: string }): Promise<Bus> {
  const connection = await connect({
    servers: options.url.split(","),
    name: options.name,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 250,
    waitOnFirstConnect: false,
    timeout: 10_000,
  });
  const bound = connection.info?.max_payload ?? 0;
  if (bound < messageBytesMin) {
    await connection.close();
    throw new Error(`The NATS server's max_payload is ${bound} bytes; set "max_payload: 8MB" in its configuration.`);
  }
  let connected = true;
  const follow = async (): Promise<void> => {
    for await (const status of connection.status()) {
      if (status.type === "disconnect") connected = false;
      if (status.type === "reconnect") connected = true;
    }
  };
  void follow();
  return {
    connection,
    isConnected: () => connected,
    publish(subject, schema, message) {
      if (!connection.isClosed() && !connection.isDraining())
        connection.publish(subject, encodeMessage(schema, message));
    },
    async deliver(subject, schema, message, id) {
      const named = headers();
      named.set("Nats-Msg-Id", id);
      connection.publish(subject, encodeMessage(schema, message), { headers: named });
      await connection.flush();
    },
    subscribe(subject, schema, receive, undecodable = () => undefined) {
      return connection.subscribe(subject, {
        callback(error, message) {
          if (error !== null) return undecodable(error);
          try {
            receive(decodeMessage(schema, message.data));
          } catch (problem) {
            undecodable(problem);
          }
        },
      });
    },
    async close() {
      if (!connection.isClosed()) await connection.drain();
    },
  };
}
