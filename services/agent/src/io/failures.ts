import { HearthError } from "@hearth/errors";
import { payloadBytesMax } from "@hearth/payloads/bounds";
import type { Failure } from "@hearth/proto";
import { toFailure } from "./translate.ts";

export function failure(reason: string, message: string): Failure {
  return toFailure({ reason, message });
}

/** Why a payload could not be had or stored. */
export function payloadFailure(error: unknown): Failure {
  if (error instanceof HearthError) return failure(error.reason, error.message);
  return failure("INTERNAL", `The object store failed: ${(error as Error).message}`);
}

export function tooLarge(what: string, bytes: number): Failure {
  const message = `${what} would be ${bytes} bytes; the bound is ${payloadBytesMax}. Pass a reference to the data instead.`;
  return failure("PAYLOAD_TOO_LARGE", message);
}
