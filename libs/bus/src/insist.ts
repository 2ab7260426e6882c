import { HearthError } from "@hearth/errors";
import { setTimeout as delay } from "node:timers/promises";

/** How long one request to JetStream may take: one that went into a connection as it broke is never answered. */
export const requestTimeoutMs = 2_000;

const pauseMs = 250;
const retryAfterMs = "1000";

/**
 * Makes a request to NATS that may be made twice, again when it fails, so that a restart of the server goes unnoticed. Throws
 * NATS_UNAVAILABLE when it fails all the same, and a `HearthError` of the request at once.
 */
export async function insist<T>(request: () => Promise<T>, triesMax = 4): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await request();
    } catch (error) {
      if (error instanceof HearthError) throw error;
      if (tries === triesMax) {
        const message = `NATS did not do what was asked: ${(error as Error).message}. Ask again once it is back.`;
        throw new HearthError("NATS_UNAVAILABLE", message, { retryAfterMs });
      }
      await delay(pauseMs);
    }
  }
}
