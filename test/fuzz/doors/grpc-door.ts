import { fromBinary, type DescMethod } from "@bufbuild/protobuf";
import { isReason } from "@hearth/errors";
import { ErrorInfoSchema, StatusSchema } from "@hearth/proto";
import { grpcFrame, rawGrpcCall, type RawAnswer } from "@hearth/test-probes/raw-grpc";
import type { Random } from "@hearth/simulation";
import { randomBytes, type Fixed } from "../random-message.ts";
import { noise } from "../words.ts";
import type { Door } from "./door.ts";

/** What waits for a slot, or streams, is left after this long. */
const patienceMs = 250;

/** The transport's own words for what never reached a handler: too large, no such method, broken framing, cut off. */
const ofTransport = new Set([-1, 1, 8, 12]);

/** One method over gRPC. */
export function grpcDoor(method: DescMethod, address: string, fixed: Fixed = {}): Door {
  const path = `/${method.parent.typeName}/${method.name}`;
  return {
    name: `grpc ${path}`,
    async send(random) {
      const answer = await rawGrpcCall({
        address,
        path,
        bytes: frames(random, method, fixed),
        headers: headers(random),
        patienceMs,
      });
      return problems(answer).map((problem) => `${path}: ${problem}`);
    },
  };
}

function frames(random: Random, method: DescMethod, fixed: Fixed): Uint8Array {
  const streams = method.methodKind === "client_streaming" || method.methodKind === "bidi_streaming";
  const count = streams ? random.between(0, 4) : 1;
  const sent = Array.from({ length: count }, () => {
    const message = randomBytes(random, method.input, fixed);
    if (random.happens(0.95)) return grpcFrame(message);
    return grpcFrame(message, random.pick([0, 1, message.length + 1, 2 ** 30, 2 ** 32 - 1]));
  });
  if (random.happens(0.03)) sent.push(Buffer.from(noise(random, 20)));
  return Buffer.concat(sent);
}

function headers(random: Random): Record<string, string> {
  if (random.happens(0.9)) return {};
  return random.pick<Record<string, string>>([
    { traceparent: "00-zz" },
    { "grpc-timeout": "99999999H" },
    { "grpc-timeout": "-1" },
    { "grpc-encoding": "gzip" },
    { "grpc-encoding": "no-such" },
    { "content-type": "text/html" },
    { "x-large": "x".repeat(10_000) },
  ]);
}

function problems({ status, message, details }: RawAnswer): readonly string[] {
  if (status === 0) return [];
  const reason = reasonOf(details);
  if (reason === "INTERNAL") return [`a defect: ${message}`];
  if (reason === undefined)
    return ofTransport.has(status) || isProtocol(message) ? [] : [`status ${status} without a reason: ${message}`];
  return isReason(reason) ? [] : [`unregistered reason ${reason}`];
}

/** What the protocols have no room for a reason in: frames that lie, and health checks of what is not here. */
function isProtocol(message: string): boolean {
  return /^A message (was cut off|cannot be decompressed)|^The call's time is over|^There is no service/.test(message);
}

function reasonOf(details: Buffer): string | undefined {
  const [detail] = fromBinary(StatusSchema, details).details;
  return detail === undefined ? undefined : fromBinary(ErrorInfoSchema, detail.value).reason;
}
