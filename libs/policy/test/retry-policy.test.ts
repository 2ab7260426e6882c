import { describe, expect, it, test } from "vitest";
import { backoffBefore, findRetryProblem, findTimeoutProblem, type RetryPolicy } from "../src/mod.ts";

const policy = (change: Partial<RetryPolicy> = {}): RetryPolicy => ({
  ...{ retries: 3, initialBackoffMs: 100, backoffFactor: 2, maxBackoffMs: 0, retryOn: [] },
  ...change,
});

describe("a retry policy", () => {
  it.each([
    policy(),
    policy({ retries: 0, initialBackoffMs: 0, backoffFactor: 0 }),
    policy({ retries: 1_000, initialBackoffMs: 86_400_000, backoffFactor: 100, maxBackoffMs: 86_400_000 }),
  ])("within its bounds has no problem: %j", (valid) =>
    expect(findRetryProblem("retry_policy", valid)).toBeUndefined(),
  );

  it.each([
    ["retries", { retries: 1_001 }],
    ["retries", { retries: 1.5 }],
    ["initial_backoff_ms", { initialBackoffMs: -1 }],
    ["initial_backoff_ms", { initialBackoffMs: NaN }],
    ["backoff_factor", { backoffFactor: 0.5 }],
    ["backoff_factor", { backoffFactor: 101 }],
    ["max_backoff_ms", { maxBackoffMs: 86_400_001 }],
    ["retry_on", { retryOn: Array<string>(101).fill("TASK_FAILED") }],
    ["retry_on", { retryOn: [""] }],
  ] as const)("is refused for %s out of bounds: %j", (field, change) =>
    expect(findRetryProblem("retry_policy", policy(change))).toContain(`retry_policy.${field}`),
  );

  it("waits longer from one retry to the next, up to its bound", () => {
    const bounded = policy({ maxBackoffMs: 350 });
    expect([1, 2, 3, 4, 1_000].map((nth) => backoffBefore(nth, bounded))).toEqual([100, 200, 350, 350, 350]);
  });

  it("doubles the wait and bounds it by a minute where it does not say", () => {
    const unsaid = policy({ initialBackoffMs: 20_000, backoffFactor: 0 });
    expect([1, 2, 3].map((nth) => backoffBefore(nth, unsaid))).toEqual([20_000, 40_000, 60_000]);
    expect(backoffBefore(2, policy({ initialBackoffMs: 90_000 }))).toBe(90_000);
  });

  it("does not wait where the first wait is nothing, however many follow", () =>
    expect(backoffBefore(1_000, policy({ initialBackoffMs: 0, backoffFactor: 100 }))).toBe(0));
});

test.each([0, -1, NaN, Infinity, 2_592_000_001])("a timeout of %d ms is refused", (timeoutMs) => {
  expect(findTimeoutProblem("attempt_timeout", timeoutMs)).toContain("attempt_timeout");
});

test.each([0.5, 2_592_000_000])("a timeout of %d ms is fine", (timeoutMs) => {
  expect(findTimeoutProblem("attempt_timeout", timeoutMs)).toBeUndefined();
});
