import { randomFillSync } from "node:crypto";
import { ulid } from "ulid";

/**
 * A ULID in lower case: unique for all time, and in the order of the moments (milliseconds since 1970) it was made at. Safe
 * in names of files, subjects and Kubernetes objects.
 */
export function newId(now: number): string {
  return ulid(now, nextRandom).toLowerCase();
}

/** Random bytes are fetched many at once: asking the system for each of an id's sixteen letters costs forty times as much. */
const randomBytes = new Uint8Array(4_096);
let used = randomBytes.length;

/** From 0 to below 1, in steps of 1/256: a letter of an id has 32 values. */
function nextRandom(): number {
  if (used === randomBytes.length) {
    randomFillSync(randomBytes);
    used = 0;
  }
  return (randomBytes[used++] ?? 0) / 256;
}
