import { toMilliseconds, toWireDuration, type Duration } from "./duration.ts";
import { toWireRetryPolicy, type RetryPolicy } from "./retry-policy.ts";

/** How often and for how long executions of a task are tried, where a call or run does not ask for something else. */
export interface TaskOptions {
  /** Attempts that may follow one that did not succeed, 0 to 1,000, or a policy. Default: none. */
  readonly retries?: number | RetryPolicy;
  /**
   * How long one attempt may take; then it ends as timed out, which `retries` may answer with another. Above 0, at most 30
   * days. Default: any time.
   */
  readonly timeout?: Duration;
  /**
   * How long an execution may wait for its first slot; then it ends as timed out. Above 0, at most 30 days. Default: any time.
   */
  readonly queueTimeout?: Duration;
}

/** The limits as `hearth.v1.Task` has them, in protobuf's JSON form. Throws a RangeError for what is out of bounds. */
export function toTaskLimits({ retries, timeout, queueTimeout }: TaskOptions): object {
  return {
    ...(retries !== undefined && { retryPolicy: toWireRetryPolicy(retries) }),
    ...(timeout !== undefined && { attemptTimeout: toWireDuration("timeout", timeout) }),
    ...(queueTimeout !== undefined && { queueTimeout: toWireDuration("queueTimeout", queueTimeout) }),
  };
}

/** The same as a request has them. */
export interface RequestLimits {
  /** Protobuf's JSON form of `hearth.v1.RetryPolicy`. */
  readonly retryPolicy?: object;
  readonly attemptTimeoutMs?: number;
  readonly queueTimeoutMs?: number;
}

/** An override of limits: `undefined` leaves the present one, `null` undoes it. Throws a RangeError. */
export function overrideLimits(
  present: RequestLimits,
  changes: { readonly [K in keyof TaskOptions]: TaskOptions[K] | null },
): RequestLimits {
  const retryPolicy = changed(present.retryPolicy, changes.retries, toWireRetryPolicy);
  const attemptTimeoutMs = changed(present.attemptTimeoutMs, changes.timeout, (span) =>
    toMilliseconds("timeout", span),
  );
  const queueTimeoutMs = changed(present.queueTimeoutMs, changes.queueTimeout, (span) =>
    toMilliseconds("queueTimeout", span),
  );
  return {
    ...(retryPolicy !== undefined && { retryPolicy }),
    ...(attemptTimeoutMs !== undefined && { attemptTimeoutMs }),
    ...(queueTimeoutMs !== undefined && { queueTimeoutMs }),
  };
}

function changed<T, W>(present: W | undefined, change: T | null | undefined, toWire: (change: T) => W): W | undefined {
  if (change === undefined) return present;
  return change === null ? undefined : toWire(change);
}
