import type { IncomingHttpHeaders, OutgoingHttpHeaders } from "node:http2";
import { Status } from "nice-grpc-common";

/** How a call ended: its gRPC status, a text for a person, and an encoded `google.rpc.Status` if it was refused. */
export interface CallStatus {
  readonly code: Status;
  readonly message: string;
  readonly details?: Uint8Array;
}

/** A client may refuse headers of more than 8 KiB altogether, and this may be three times as much when it is encoded. */
const messageLettersMax = 2_400;

export const ok: CallStatus = { code: Status.OK, message: "" };

export function toHeaders({ code, message, details }: CallStatus): OutgoingHttpHeaders {
  const headers: OutgoingHttpHeaders = { "grpc-status": code };
  if (message !== "") headers["grpc-message"] = percentEncode(message.slice(0, messageLettersMax));
  if (details !== undefined) headers["grpc-status-details-bin"] = Buffer.from(details).toString("base64");
  return headers;
}

/** The status in the headers of an answer or what follows it, or undefined when they have none. */
export function fromHeaders(headers: IncomingHttpHeaders): CallStatus | undefined {
  const { "grpc-status": code, "grpc-message": message, "grpc-status-details-bin": details } = headers;
  if (typeof code !== "string") return undefined;
  return {
    code: toStatus(Number(code)),
    message: percentDecode(message?.toString() ?? ""),
    ...(typeof details === "string" && { details: Buffer.from(details, "base64") }),
  };
}

/** A number that nobody has defined is UNKNOWN (https://github.com/grpc/grpc/blob/master/doc/statuscodes.md). */
function toStatus(code: number): Status {
  const name = Object.hasOwn(Status, code) ? Status[code] : "UNKNOWN";
  return Status[name as keyof typeof Status];
}

function percentEncode(text: string): string {
  return text.toWellFormed().replace(/[^\x20-\x24\x26-\x7e]+/g, encodeURIComponent);
}

function percentDecode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
