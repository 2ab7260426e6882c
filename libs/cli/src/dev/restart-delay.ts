const delayMinMs = 250;
const delayMaxMs = 10_000;
/** A service that was ready for so long starts over with the shortest delay. */
const steadyMs = 30_000;

/**
 * How long to wait before a service that died is started again. `failures`: how often in a row it died without having
 * been steady, this time included. `readyMs`: how long it was ready this time, 0 if never.
 */
export function restartDelay(
  failures: number,
  readyMs: number,
): { readonly failures: number; readonly delayMs: number } {
  const inRow = readyMs >= steadyMs ? 1 : failures;
  return { failures: inRow, delayMs: Math.min(delayMaxMs, delayMinMs * 2 ** (inRow - 1)) };
}
