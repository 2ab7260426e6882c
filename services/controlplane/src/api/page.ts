import { HearthError } from "@hearth/errors";
import type { ExecutionCursor } from "../io/history-store.ts";

const pageSizeMax = 1_000;

/** The page size asked for, `fallback` when it is 0. */
export function pageSize(asked: number, fallback: number): number {
  if (asked > pageSizeMax) {
    throw new HearthError(
      "INVALID_REQUEST",
      `page_size is ${asked}; give at most ${pageSizeMax}, or 0 for ${fallback}.`,
    );
  }
  return asked === 0 ? fallback : asked;
}

export function encodePageToken({ acceptedMs, id }: ExecutionCursor): string {
  return Buffer.from(JSON.stringify([acceptedMs, id])).toString("base64url");
}

/** Where the page before ended. Undefined: this is the first page. */
export function decodePageToken(token: string): ExecutionCursor | undefined {
  if (token === "") return undefined;
  try {
    const [acceptedMs, id] = JSON.parse(Buffer.from(token, "base64url").toString()) as readonly unknown[];
    if (typeof acceptedMs === "number" && typeof id === "string") return { acceptedMs, id };
  } catch {
    // Refused below, like every other text that is no token.
  }
  throw new HearthError(
    "INVALID_REQUEST",
    "page_token is not one that was given out; leave it empty for the first page.",
  );
}
