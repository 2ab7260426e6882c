import { ulid } from "ulid";

/** A ULID in lower case: unique for all time, and in the order of the moments (milliseconds since 1970) it was made at. */
export function newId(now: number): string {
  return ulid(now).toLowerCase();
}
