import { create, type DescMethod, type DescService } from "@bufbuild/protobuf";
import { MethodOptions_IdempotencyLevel } from "@bufbuild/protobuf/wkt";
import { decodeMessage, encodeMessage } from "@hearth/proto";
import type { MethodDefinition } from "nice-grpc";

// nice-grpc knows nothing of protobuf-es; its own definition type cannot be written without any.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type AnyMethod = MethodDefinition<any, any, any, any>;

/** Where a method is called, as gRPC has it. */
export function pathOf(method: DescMethod): string {
  return `/${method.parent.typeName}/${method.name}`;
}

/** Whether its caller sends a stream. */
export function streamsRequests({ methodKind }: DescMethod): boolean {
  return methodKind === "client_streaming" || methodKind === "bidi_streaming";
}

/** A protobuf-es service as nice-grpc wants it. Requests and responses go in as messages or their initialisers. */
export function toDefinition(description: DescService): Record<string, AnyMethod> {
  return Object.fromEntries(description.methods.map((method) => [method.localName, toMethod(method)]));
}

function toMethod(method: DescMethod): AnyMethod {
  const { input, output, methodKind } = method;
  return {
    path: pathOf(method),
    requestStream: streamsRequests(method),
    responseStream: methodKind === "server_streaming" || methodKind === "bidi_streaming",
    requestSerialize: (value: never) => encodeMessage(input, create(input, value)),
    requestDeserialize: (bytes) => decodeMessage(input, bytes),
    responseSerialize: (value: never) => encodeMessage(output, create(output, value)),
    responseDeserialize: (bytes) => decodeMessage(output, bytes),
    options: idempotency(method),
  };
}

function idempotency(method: DescMethod): AnyMethod["options"] {
  switch (method.idempotency) {
    case MethodOptions_IdempotencyLevel.NO_SIDE_EFFECTS:
      return { idempotencyLevel: "NO_SIDE_EFFECTS" };
    case MethodOptions_IdempotencyLevel.IDEMPOTENT:
      return { idempotencyLevel: "IDEMPOTENT" };
    case MethodOptions_IdempotencyLevel.IDEMPOTENCY_UNKNOWN:
      return {};
  }
}
