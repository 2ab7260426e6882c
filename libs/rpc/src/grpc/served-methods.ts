import { create } from "@bufbuild/protobuf";
import { decodeMessage, encodeMessageBehind } from "@hearth/proto";
import type { AnyHandler } from "../handlers.ts";
import type { MountedService } from "../service.ts";
import { prefixBytes } from "./message-reader.ts";
import type { ServedMethod } from "./serve-call.ts";

/** The methods of a service by their paths. */
export function servedMethods({ description, handlers }: MountedService): (readonly [string, ServedMethod])[] {
  return description.methods.map(({ name, localName, methodKind, input, output }) => [
    `/${description.typeName}/${name}`,
    {
      requestStream: methodKind === "client_streaming" || methodKind === "bidi_streaming",
      decode: (bytes) => decodeMessage(input, bytes),
      encode: (response) => encodeMessageBehind(prefixBytes, output, create(output, response as never)),
      handler: handlers[localName] as AnyHandler,
    },
  ]);
}
