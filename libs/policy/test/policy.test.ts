import { expect, test } from "vitest";
import { completePolicy } from "../src/policy.ts";

test.each([
  { rule: "nothing given", given: {}, want: { minReplicas: 2, maxReplicas: 2, concurrency: 1 } },
  {
    rule: "only a maximum: the minimum is the same",
    given: { maxReplicas: 5 },
    want: { minReplicas: 5, maxReplicas: 5 },
  },
  {
    rule: "only a minimum: the maximum is the same",
    given: { minReplicas: 3 },
    want: { minReplicas: 3, maxReplicas: 3 },
  },
  {
    rule: "a minimum of zero alone: the maximum is two",
    given: { minReplicas: 0 },
    want: { minReplicas: 0, maxReplicas: 2 },
  },
  { rule: "both TTLs are 30 s", given: {}, want: { idleTtlMs: 30_000, scaledownTtlMs: 30_000, scope: "global" } },
])("defaults, $rule", ({ given, want }) => {
  expect(completePolicy(given)).toMatchObject({ kind: "valid", policy: want });
});

test.each([
  { field: "min_replicas", given: { minReplicas: 3, maxReplicas: 2 } },
  { field: "max_replicas", given: { maxReplicas: 0 } },
  { field: "max_replicas", given: { maxReplicas: 10_001 } },
  { field: "concurrency", given: { concurrency: 0 } },
  { field: "concurrency", given: { concurrency: 10_001 } },
  { field: "idle_ttl", given: { idleTtlMs: 0 } },
  { field: "idle_ttl", given: { idleTtlMs: -1 } },
  { field: "scaledown_ttl", given: { scaledownTtlMs: 30 * 86_400_000 + 1 } },
])("$given is refused and the message names $field", ({ field, given }) => {
  expect(completePolicy(given)).toMatchObject({ kind: "invalid", problem: expect.stringContaining(field) as string });
});

test("any positive TTL is taken exactly", () => {
  expect(completePolicy({ idleTtlMs: 1 })).toMatchObject({ policy: { idleTtlMs: 1 } });
});
