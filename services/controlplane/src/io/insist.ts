import { setTimeout as delay } from "node:timers/promises";

/** How long one request to JetStream may take: one that went into a connection as it broke is never answered. */
export const requestTimeoutMs = 2_000;

const triesMax = 4;
const pauseMs = 250;

/** Makes a request that may be made twice, again when it fails, so that a restart of the server goes unnoticed. */
export async function insist<T>(request: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await request();
    } catch (error) {
      if (tries === triesMax) throw error;
      await delay(pauseMs);
    }
  }
}
