const letters = "0123456789abcdefghjkmnpqrstvwxyz";

/** When a ULID was made, in milliseconds since 1970. */
export function madeAt(ulid: string): number {
  let time = 0;
  for (const letter of ulid.slice(0, 10)) time = time * 32 + letters.indexOf(letter);
  return time;
}

/** Ids that were made longer ago may have been asked for before. */
export const freshForMs = 1_000;

/** Whether another router may have the execution of a request that this one does not know. */
export function mustAskOthers(
  request: { readonly executionId: string; readonly askedBefore: boolean; readonly idempotencyKey: string },
  now: number,
): boolean {
  if (request.askedBefore || request.idempotencyKey !== "") return true;
  return request.executionId !== "" && request.executionId < beginOf(now - freshForMs);
}

let last = { ms: 0, begin: beginText(0) };

/** What ids begin with that were made at this time. Earlier ones come before it: they are ordered by time. */
function beginOf(ms: number): string {
  if (ms !== last.ms) last = { ms, begin: beginText(ms) };
  return last.begin;
}

function beginText(ms: number): string {
  let text = "";
  for (let left = Math.max(0, Math.floor(ms)); text.length < 10; left = Math.floor(left / 32))
    text = letters.charAt(left % 32) + text;
  return text;
}
