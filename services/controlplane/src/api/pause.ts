import { setTimeout as delay } from "node:timers/promises";

/** Waits, but not longer than the caller does. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await delay(ms, undefined, { signal });
  } catch {
    // The caller has left; whoever waits sees that on the signal.
  }
}
