import { prefixBytes } from "./grpc/message-reader.ts";
import type { ServedMethod } from "./grpc/serve-call.ts";
import type { CallContext } from "./handlers.ts";
import type { MountedService } from "./service.ts";

/**
 * Server reflection (grpc.reflection.v1), by its path. What answers is loaded when somebody asks: it takes memory, and most
 * servers are the agents of replicas that nobody asks. Its messages are bytes here, see `answerReflection`.
 */
export function reflection(services: readonly MountedService[]): readonly [string, ServedMethod] {
  const method: ServedMethod = {
    requestStream: true,
    decode: (bytes) => bytes,
    encode: (response) => Buffer.concat([Buffer.alloc(prefixBytes), response as Uint8Array]),
    async *handler(requests: AsyncIterable<Uint8Array>, context: CallContext) {
      const { answerReflection } = await import("./answer-reflection.ts");
      yield* answerReflection(services, requests, context);
    },
  };
  return ["/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", method];
}
