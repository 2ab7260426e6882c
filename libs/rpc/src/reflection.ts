import type { CallContext, MethodDefinition, ServiceImplementation } from "nice-grpc";
import type { MountedService } from "./service.ts";

const raw = (bytes: Uint8Array): Uint8Array => bytes;

const method: MethodDefinition<Uint8Array, Uint8Array, Uint8Array, Uint8Array, true, true> = {
  path: "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
  requestStream: true,
  responseStream: true,
  ...{ requestSerialize: raw, requestDeserialize: raw, responseSerialize: raw, responseDeserialize: raw },
  options: {},
};

/** Server reflection (grpc.reflection.v1). Its messages are bytes here, see `reflection`. */
export const reflectionDefinition = { serverReflectionInfo: method };

/** Loads what answers when somebody asks. It takes memory, and most servers are the agents of replicas that nobody asks. */
export function reflection(services: readonly MountedService[]): ServiceImplementation<typeof reflectionDefinition> {
  return {
    async *serverReflectionInfo(requests: AsyncIterable<Uint8Array>, context: CallContext) {
      const { answerReflection } = await import("./answer-reflection.ts");
      yield* answerReflection(services, requests, context);
    },
  };
}
