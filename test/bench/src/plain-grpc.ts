import {
  decodeMessage,
  encodeMessage,
  ExecuteStreamRequestSchema,
  ExecuteStreamResponseSchema,
  ExecutionService,
  type ExecuteStreamRequest,
  type ExecuteStreamResponse,
} from "@hearth/proto";
import { createChannel, createClient, createServer, type ServiceImplementation } from "nice-grpc";
import { setFlagsFromString } from "node:v8";
import type { Connection } from "./client.ts";

/**
 * `ExecuteStream` as any service on nice-grpc would have it, with nothing of Hearth's transport around it: what is compared with it
 * is then compared with the same, whatever becomes of that transport.
 */
const definition = {
  executeStream: {
    path: `/${ExecutionService.typeName}/${ExecutionService.method.executeStream.name}`,
    requestStream: true,
    responseStream: true,
    requestSerialize: (frame: ExecuteStreamRequest) => encodeMessage(ExecuteStreamRequestSchema, frame),
    requestDeserialize: (bytes: Uint8Array) => decodeMessage(ExecuteStreamRequestSchema, bytes),
    responseSerialize: (frame: ExecuteStreamResponse) => encodeMessage(ExecuteStreamResponseSchema, frame),
    responseDeserialize: (bytes: Uint8Array) => decodeMessage(ExecuteStreamResponseSchema, bytes),
    options: {},
  },
} as const;

/** As large as Hearth's own messages may be. */
const messageBytesMax = 96 * 1024 * 1024;
const options = {
  "grpc.max_receive_message_length": messageBytesMax,
  "grpc.max_send_message_length": messageBytesMax,
};

/** Serves `ExecuteStream` on a free port of loopback; resolves with its address. */
export async function servePlainly(
  executeStream: ServiceImplementation<typeof definition>["executeStream"],
): Promise<string> {
  // Without it, large messages would cost garbage collections that say nothing of the transport.
  setFlagsFromString("--external-memory-accounted-in-global-limit");
  const server = createServer(options);
  server.add(definition, { executeStream });
  return `127.0.0.1:${await server.listen("127.0.0.1:0")}`;
}

/** A connection to what `servePlainly` serves. */
export function connectPlainly(address: string): Connection {
  const channel = createChannel(address, undefined, options);
  const client = createClient(definition, channel);
  return { executeStream: (frames) => client.executeStream(frames), close: () => channel.close() };
}
