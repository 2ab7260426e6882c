import { create, toBinary, type DescFile } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema, type FileDescriptorProto } from "@bufbuild/protobuf/wkt";
import type { CallContext as NiceContext } from "nice-grpc";
import { ServerError, Status } from "nice-grpc-common";
import { ServerReflection, ServerReflectionService } from "nice-grpc-server-reflection";
import type { CallContext } from "./handlers.ts";
import type { MountedService } from "./service.ts";

const { requestDeserialize, responseSerialize } = ServerReflectionService.serverReflectionInfo;

/** Answers a stream of encoded reflection requests. */
export async function* answerReflection(
  services: readonly MountedService[],
  requests: AsyncIterable<Uint8Array>,
  context: CallContext,
): AsyncGenerator<Uint8Array, void> {
  const names = services.map((mounted) => mounted.description.typeName);
  const implementation = ServerReflection(describe(services), names);
  for await (const answer of implementation.serverReflectionInfo(
    decodeAll(requests),
    context as unknown as NiceContext,
  )) {
    yield responseSerialize(answer);
  }
}

async function* decodeAll(requests: AsyncIterable<Uint8Array>) {
  for await (const bytes of requests) yield decode(bytes);
}

function decode(bytes: Uint8Array) {
  try {
    return requestDeserialize(Buffer.from(bytes));
  } catch {
    throw new ServerError(Status.INVALID_ARGUMENT, "The request is no ServerReflectionRequest.");
  }
}

/** The descriptors of the services and all they import, as reflection wants them. */
function describe(services: readonly MountedService[]): Uint8Array {
  const files = new Map<string, FileDescriptorProto>();
  const visit = (file: DescFile): void => {
    if (files.has(file.proto.name)) return;
    file.dependencies.forEach(visit);
    files.set(file.proto.name, file.proto);
  };
  services.forEach((mounted) => visit(mounted.description.file));
  return toBinary(FileDescriptorSetSchema, create(FileDescriptorSetSchema, { file: [...files.values()] }));
}
