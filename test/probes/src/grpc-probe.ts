import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { Client, credentials } from "@grpc/grpc-js";
import { embedded, numeric, text } from "./wire-format.ts";

const bytes = (value: Uint8Array): Buffer => Buffer.from(value);

/** Asks grpc.health.v1.Health of a server. 1 is SERVING. */
export async function probeHealth(address: string): Promise<number> {
  const client = new Client(address, credentials.createInsecure());
  try {
    const response = await new Promise<Buffer>((resolve, reject) => {
      client.makeUnaryRequest(
        "/grpc.health.v1.Health/Check",
        bytes,
        bytes,
        new Uint8Array(),
        (error, value?: Buffer) => (value === undefined ? reject(error ?? new Error("no answer")) : resolve(value)),
      );
    });
    return numeric(response, 1);
  } finally {
    client.close();
  }
}

/** The services that grpc.reflection.v1.ServerReflection of a server lists. */
export async function listServices(address: string): Promise<readonly string[]> {
  const client = new Client(address, credentials.createInsecure());
  try {
    const stream = client.makeBidiStreamRequest(
      "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
      bytes,
      bytes,
    );
    // ServerReflectionRequest.list_services is field 7; ListServiceResponse field 6 of the answer.
    stream.write(new BinaryWriter().tag(7, WireType.LengthDelimited).string("*").finish());
    const response = await new Promise<Buffer>((resolve, reject) => {
      stream.once("data", resolve);
      stream.once("error", reject);
    });
    stream.end();
    return embedded(response, 6).flatMap((list) => embedded(list, 1).map((service) => text(embedded(service, 1)[0])));
  } finally {
    client.close();
  }
}
