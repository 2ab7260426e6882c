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
  return request.executionId !== "" && madeAt(request.executionId) + freshForMs < now;
}
