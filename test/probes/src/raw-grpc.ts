import { connect } from "node:http2";

/** How a call ended on the wire. */
export interface RawAnswer {
  /** The number of the gRPC status; -1: the stream was reset or the connection lost before there was one. */
  readonly status: number;
  readonly message: string;
  /** The trailer grpc-status-details-bin, decoded from base64. */
  readonly details: Buffer;
  readonly messages: number;
}

/** A message as gRPC frames it. `declaredBytes`: the length the prefix tells, if it is to lie. */
export function grpcFrame(message: Uint8Array, declaredBytes = message.length): Buffer {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(declaredBytes, 1);
  return Buffer.concat([prefix, message]);
}

/** Makes a gRPC call out of bytes that nobody checks. Ends after `patienceMs` with status -1 when no answer has come. */
export function rawGrpcCall(options: {
  readonly address: string;
  /** Such as "/hearth.v1.RunService/GetRun". */
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
  readonly patienceMs?: number;
}): Promise<RawAnswer> {
  const { address, path, bytes, headers = {}, patienceMs = 5_000 } = options;
  const session = connect(`http://${address}`);
  const answered = Promise.withResolvers<RawAnswer>();
  let answer: RawAnswer = { status: -1, message: "", details: Buffer.alloc(0), messages: 0 };
  const take = (fields: Readonly<Record<string, unknown>>): void => {
    if (fields["grpc-status"] === undefined) return;
    answer = {
      ...answer,
      status: Number(fields["grpc-status"]),
      message: decode(fields["grpc-message"]),
      details: Buffer.from(text(fields["grpc-status-details-bin"]), "base64"),
    };
  };
  const end = (): void => {
    clearTimeout(patience);
    session.destroy();
    answered.resolve(answer);
  };
  const patience = setTimeout(end, patienceMs);
  session.on("error", end);
  const stream = session.request({
    ...{ ":method": "POST", ":path": path, "content-type": "application/grpc", te: "trailers" },
    ...headers,
  });
  stream.on("response", take).on("trailers", take).on("error", end).on("close", end);
  stream.on("data", () => (answer = { ...answer, messages: answer.messages + 1 }));
  stream.end(bytes);
  return answered.promise;
}

function text(field: unknown): string {
  return typeof field === "string" ? field : "";
}

function decode(field: unknown): string {
  try {
    return decodeURI(text(field));
  } catch {
    return text(field);
  }
}
