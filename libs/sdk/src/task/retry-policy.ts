import { requireWholeNumber } from "./bounds.ts";
import { toSeconds, type Duration } from "./duration.ts";

/** A class of errors. */
export type ErrorClass = abstract new (...args: never[]) => Error;

/**
 * When another attempt follows one that failed, timed out or ended its process. Attempts that were lost with their replica
 * are made again in any case and do not count.
 */
export interface RetryPolicy {
  /** Attempts that may follow the first. 0 to 1,000. */
  readonly count: number;
  /** How long to wait before the first of them. 0 to 24 hours. Default 0. */
  readonly backoff?: Duration;
  /** What the wait is multiplied with from one to the next. 1 to 100. Default 2. */
  readonly factor?: number;
  /** The longest wait. Above 0, at most 24 hours, not below `backoff`. Default one minute, or `backoff` when that is longer. */
  readonly maxBackoff?: Duration;
  /**
   * Which failures: registered reasons such as "ATTEMPT_TIMED_OUT", and classes of errors or their names, such as TypeError
   * or "ConnectionError". Each stands for just that class, not for what extends it. At most 100. Default: any failure.
   */
  readonly on?: readonly (string | ErrorClass)[];
}

const countMax = 1_000;
const factorMax = 100;
const backoffSecondsMax = 24 * 3_600;
const onMax = 100;
const nameLengthMax = 200;

/** Protobuf's JSON form of `hearth.v1.RetryPolicy`. Throws a RangeError for what is out of bounds. */
export function toWireRetryPolicy(retries: number | RetryPolicy): object {
  const {
    count,
    backoff = 0,
    factor = 2,
    maxBackoff,
    on = [],
  } = typeof retries === "number" ? { count: retries } : retries;
  requireWholeNumber("retries", count, 0, countMax);
  if (!(factor >= 1 && factor <= factorMax)) {
    throw new RangeError(`factor is ${String(factor)}; it must be a number from 1 to ${factorMax}.`);
  }
  const backoffMs = toBackoffMs("backoff", backoff, 0);
  const maxBackoffMs = maxBackoff === undefined ? undefined : toBackoffMs("maxBackoff", maxBackoff, 1);
  if (maxBackoffMs !== undefined && maxBackoffMs < backoffMs) {
    throw new RangeError(`maxBackoff is ${maxBackoffMs} ms; it must not be below backoff, ${backoffMs} ms.`);
  }
  const names = toNames(on);
  return {
    retries: count,
    ...(backoffMs > 0 && { initialBackoffMs: backoffMs }),
    ...(factor !== 2 && { backoffFactor: factor }),
    ...(maxBackoffMs !== undefined && { maxBackoffMs }),
    ...(names.length > 0 && { retryOn: names }),
  };
}

function toBackoffMs(name: string, duration: Duration, minMs: number): number {
  const seconds = toSeconds(duration);
  const milliseconds = Math.round(seconds * 1_000);
  if (milliseconds >= minMs && seconds <= backoffSecondsMax) return milliseconds;
  throw new RangeError(`${name} is ${seconds} s; it must be ${minMs === 0 ? "0" : "at least 1 ms"} to 24 hours.`);
}

function toNames(on: readonly (string | ErrorClass)[]): readonly string[] {
  if (!Array.isArray(on)) throw new RangeError('on must be an array, such as on: ["ATTEMPT_TIMED_OUT", TypeError].');
  if (on.length > onMax) {
    throw new RangeError(`on has ${on.length} entries; it must have at most ${onMax}. Leave it out for any failure.`);
  }
  return on.map((each: unknown) => {
    const name = typeof each === "function" ? each.name : each;
    if (typeof name === "string" && name.length >= 1 && name.length <= nameLengthMax) return name;
    throw new RangeError(
      `on has ${String(each)}; its entries must be reasons, classes of errors or their names, of 1 to ${nameLengthMax} characters.`,
    );
  });
}
