const dayMs = 24 * 60 * 60 * 1_000;
const retriesMax = 1_000;
const backoffMsMax = dayMs;
const backoffFactorMax = 100;
const retryOnMax = 100;
const timeoutMsMax = 30 * dayMs;

/** When another attempt follows one that did not succeed, as environment.proto has it. */
export interface RetryPolicy {
  /** Attempts that may follow the first, 0 to 1,000. */
  readonly retries: number;
  /** The wait before the first of them, 0 to 24 hours. */
  readonly initialBackoffMs: number;
  /** What the wait is multiplied with from one to the next, 1 to 100. 0: 2. */
  readonly backoffFactor: number;
  /** The longest wait, up to 24 hours. 0: one minute, or the first wait when that is longer. */
  readonly maxBackoffMs: number;
  /** Registered reasons, or classes of the user's exceptions; at most 100. Empty: any. */
  readonly retryOn: readonly string[];
}

/** What is wrong with a retry policy, named after its field and with what to change, or undefined. */
export function findRetryProblem(field: string, policy: RetryPolicy): string | undefined {
  const { retries, initialBackoffMs, backoffFactor, maxBackoffMs, retryOn } = policy;
  if (!isWithin(retries, 0, retriesMax) || !Number.isInteger(retries)) {
    return `${field}.retries is ${retries}; give a whole number from 0 to ${retriesMax}.`;
  }
  if (!isWithin(initialBackoffMs, 0, backoffMsMax)) {
    return `${field}.initial_backoff_ms is ${initialBackoffMs}; give 0 to ${backoffMsMax} (24 hours).`;
  }
  if (backoffFactor !== 0 && !isWithin(backoffFactor, 1, backoffFactorMax)) {
    return `${field}.backoff_factor is ${backoffFactor}; give 1 to ${backoffFactorMax}, or 0 for 2.`;
  }
  if (!isWithin(maxBackoffMs, 0, backoffMsMax)) {
    return `${field}.max_backoff_ms is ${maxBackoffMs}; give 0 to ${backoffMsMax} (24 hours), 0 for one minute.`;
  }
  if (retryOn.length > retryOnMax) {
    return `${field}.retry_on has ${retryOn.length} entries; give at most ${retryOnMax}, or none for any failure.`;
  }
  if (retryOn.includes("")) return `${field}.retry_on has an empty entry; leave it out.`;
  return undefined;
}

/** What is wrong with a timeout that was given, or undefined. */
export function findTimeoutProblem(field: string, timeoutMs: number): string | undefined {
  if (timeoutMs > 0 && timeoutMs <= timeoutMsMax) return undefined;
  return `${field} is ${timeoutMs} ms; give more than 0 and at most ${timeoutMsMax} (30 days), or leave it out.`;
}

function isWithin(value: number, min: number, max: number): boolean {
  return value >= min && value <= max;
}

/** How long to wait before a retry; `nth` from 1. */
export function backoffBefore(nth: number, policy: RetryPolicy): number {
  const { initialBackoffMs, backoffFactor, maxBackoffMs } = policy;
  const bound = maxBackoffMs === 0 ? Math.max(60_000, initialBackoffMs) : maxBackoffMs;
  // The power may be infinite, and nothing times infinity is not a number.
  if (initialBackoffMs === 0) return 0;
  return Math.min(bound, initialBackoffMs * (backoffFactor === 0 ? 2 : backoffFactor) ** (nth - 1));
}
