import { create, type DescMethod } from "@bufbuild/protobuf";
import { decodeMessage, encodeMessageBehind } from "@hearth/proto";
import { pathOf, streamsRequests } from "../definition.ts";
import type { AnyHandler } from "../handlers.ts";
import type { MountedService } from "../service.ts";
import { prefixBytes } from "./message-reader.ts";
import type { ServedMethod } from "./serve-call.ts";

/** The methods of a service by their paths. */
export function servedMethods({ description, handlers }: MountedService): (readonly [string, ServedMethod])[] {
  return description.methods.map((method) => [pathOf(method), serve(method, handlers[method.localName] as AnyHandler)]);
}

function serve(method: DescMethod, handler: AnyHandler): ServedMethod {
  const { input, output } = method;
  return {
    requestStream: streamsRequests(method),
    decode: (bytes) => decodeMessage(input, bytes),
    encode: (response) => encodeMessageBehind(prefixBytes, output, create(output, response as never)),
    handler,
  };
}
