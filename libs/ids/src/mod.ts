import { randomFillSync } from "node:crypto";
import { encodeTime } from "ulid";

/** Crockford's Base32 in lower case. */
const letters = Buffer.from("0123456789abcdefghjkmnpqrstvwxyz", "latin1");
const timeLetters = 10;

/** The id made last: of the next one in the same millisecond only the random letters differ. */
const id = Buffer.alloc(26);
let moment = NaN;

/**
 * A ULID in lower case: unique for all time, and in the order of the moments (milliseconds since 1970) it was made at. Safe
 * in names of files, subjects and Kubernetes objects.
 */
export function newId(now: number): string {
  if (now !== moment) {
    id.write(encodeTime(now).toLowerCase(), "latin1");
    moment = now;
  }
  for (let at = timeLetters; at < id.length; at++) id[at] = letters[nextByte() % letters.length] ?? 0;
  return id.toString("latin1");
}

/** Random bytes are fetched many at once: asking the system for each of an id's sixteen letters costs forty times as much. */
const randomBytes = new Uint8Array(4_096);
let used = randomBytes.length;

function nextByte(): number {
  if (used === randomBytes.length) {
    randomFillSync(randomBytes);
    used = 0;
  }
  return randomBytes[used++] ?? 0;
}
