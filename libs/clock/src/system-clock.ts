import type { Clock } from "./clock.ts";

/** The machine's clock: the one place that reads it. Its timers keep the process alive only while something else does. */
export const systemClock: Clock = {
  now: () => Date.now(),
  after(delayMs, callback) {
    const timeout = setTimeout(callback, delayMs).unref();
    return { cancel: () => clearTimeout(timeout) };
  },
  every(periodMs, callback) {
    const interval = setInterval(callback, periodMs).unref();
    return { cancel: () => clearInterval(interval) };
  },
};
