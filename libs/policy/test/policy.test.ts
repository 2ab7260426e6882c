import { expect, test } from "vitest";
import { policyFromMessage, policyToMessage } from "../src/wire.ts";
import { completePolicy, freshReplicaPolicy, neverRecycled, type Policy, type PolicyRequest } from "../src/mod.ts";

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
  {
    rule: "no buffer, no recycling, no replica of its own for anybody",
    given: {},
    want: {
      bufferReplicas: 0,
      recycling: { afterExecutions: undefined, aboveMemoryBytes: undefined, afterAgeMs: undefined },
      singleUse: false,
      isolateOutOfMemory: false,
    },
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
  { field: "buffer_replicas", given: { bufferReplicas: 10_001 } },
  { field: "single_use", given: { singleUse: true, concurrency: 2 } },
  { field: "recycling.after_executions", given: { recycling: { ...neverRecycled, afterExecutions: 0 } } },
  { field: "recycling.above_memory", given: { recycling: { ...neverRecycled, aboveMemoryBytes: 0 } } },
  { field: "recycling.after_age", given: { recycling: { ...neverRecycled, afterAgeMs: 0 } } },
  { field: "scaledown_ttl", given: { scaledownTtlMs: 30 * 86_400_000 + 1 } },
])("$given is refused and the message names $field", ({ field, given }) => {
  expect(completePolicy(given)).toMatchObject({ kind: "invalid", problem: expect.stringContaining(field) as string });
});

test("any positive TTL is taken exactly", () => {
  expect(completePolicy({ idleTtlMs: 1 })).toMatchObject({ policy: { idleTtlMs: 1 } });
});

test("executions that get a fresh replica each share the bounds of their environment and keep no replica", () => {
  const policy = complete({ minReplicas: 2, maxReplicas: 5, concurrency: 10, bufferReplicas: 1, scope: "run" });
  expect(freshReplicaPolicy(policy)).toEqual({
    ...policy,
    ...{ minReplicas: 0, concurrency: 1, bufferReplicas: 0, scope: "global", singleUse: true },
  });
});

test.each([
  { policy: complete({}) },
  {
    policy: complete({
      ...{ minReplicas: 0, maxReplicas: 9, concurrency: 3, idleTtlMs: 1_500, scaledownTtlMs: 1, scope: "run" },
      ...{ bufferReplicas: 2, isolateOutOfMemory: true },
      recycling: { afterExecutions: 7, aboveMemoryBytes: 2 ** 30, afterAgeMs: 60_000 },
    }),
  },
  { policy: complete({ singleUse: true }) },
])("a policy is the same after it went over the wire", ({ policy }) => {
  expect(complete(policyFromMessage(policyToMessage(policy)))).toEqual(policy);
});

test("a memory quantity that cannot be read is refused", () => {
  const message = policyToMessage(complete({ recycling: { ...neverRecycled, aboveMemoryBytes: 1 } }));
  message.recycling!.aboveMemory = "lots";
  expect(completePolicy(policyFromMessage(message))).toMatchObject({
    problem: expect.stringContaining("above_memory") as string,
  });
});

function complete(request: PolicyRequest): Policy {
  const decision = completePolicy(request);
  if (decision.kind === "invalid") throw new Error(decision.problem);
  return decision.policy;
}
