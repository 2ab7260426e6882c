import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { HearthError, isReason, reasons, type Status } from "@hearth/errors";
import { ErrorInfoSchema, StatusSchema } from "@hearth/proto";
import { Status as StatusCode } from "nice-grpc-common";

const domain = "hearth";
const errorInfoUrl = "type.googleapis.com/google.rpc.ErrorInfo";

/** The trailer that carries `google.rpc.Status`. */
export const detailsTrailer = "grpc-status-details-bin";

/** The gRPC status of a refusal. A reason that has none travels as INTERNAL: it was never meant to leave an outcome. */
export function statusOf(error: HearthError): Status {
  return reasons[error.reason].status ?? "INTERNAL";
}

/** The encoded `google.rpc.ErrorInfo` of a refusal. */
export function errorInfo(error: HearthError): Uint8Array {
  return toBinary(
    ErrorInfoSchema,
    create(ErrorInfoSchema, { reason: error.reason, domain, metadata: { ...error.metadata } }),
  );
}

/** The encoded `google.rpc.Status` of a refusal. */
export function statusDetails(error: HearthError): Uint8Array {
  const details = [{ typeUrl: errorInfoUrl, value: errorInfo(error) }];
  return toBinary(
    StatusSchema,
    create(StatusSchema, { code: StatusCode[statusOf(error)], message: error.message, details }),
  );
}

/** The refusal in an encoded `google.rpc.Status`, or `undefined` when there is none of Hearth's in it. */
export function fromStatusDetails(bytes: Uint8Array): HearthError | undefined {
  try {
    const status = fromBinary(StatusSchema, bytes);
    const detail = status.details.find((candidate) => candidate.typeUrl === errorInfoUrl);
    if (detail === undefined) return undefined;
    const info = fromBinary(ErrorInfoSchema, detail.value);
    if (info.domain !== domain || !isReason(info.reason)) return undefined;
    return new HearthError(info.reason, status.message, info.metadata);
  } catch {
    // Whoever sent these bytes is not of Hearth.
    return undefined;
  }
}

/** Told of everything a handler threw that is no `HearthError`. */
export type Report = (errorId: string, thrown: unknown) => void;

/** What a handler threw, as a refusal. Anything unexpected is INTERNAL with an error id, and loud. */
export function toHearthError(thrown: unknown, report: Report): HearthError {
  if (thrown instanceof HearthError) return thrown;
  const errorId = crypto.randomUUID();
  report(errorId, thrown);
  return new HearthError("INTERNAL", `A defect in Hearth; its logs have the details under error id ${errorId}.`, {
    errorId,
  });
}
