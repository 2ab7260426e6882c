import { defaultPolicy } from "@hearth/policy";
import { InvalidArgumentError } from "commander";
import { expect, test } from "vitest";
import { policyArgument } from "../../src/simulate/policy-argument.ts";
import { burstArgument, durationsArgument, rateArgument } from "../../src/simulate/workload-arguments.ts";

test("a policy is read field by field, and what is left out has its default", () => {
  expect(policyArgument("replicas=1..20,concurrency=4,scaledown_ttl=90s,idle_ttl=10m,buffer_replicas=1")).toEqual({
    name: undefined,
    policy: {
      ...defaultPolicy,
      ...{ minReplicas: 1, maxReplicas: 20, concurrency: 4, scaledownTtlMs: 90_000, idleTtlMs: 600_000 },
      bufferReplicas: 1,
    },
  });
  expect(policyArgument("")).toEqual({ name: undefined, policy: defaultPolicy });
});

test("a policy may have a name, and one number of replicas is both its bounds", () => {
  const { name, policy } = policyArgument(" fixed pool : replicas = 3 , single_use = true ");
  expect({ name, policy }).toMatchObject({
    name: "fixed pool",
    policy: { minReplicas: 3, maxReplicas: 3, singleUse: true },
  });
  expect(policyArgument("default:")).toEqual({ name: "default", policy: defaultPolicy });
});

test("each cause of recycling is a field of its own", () => {
  expect(policyArgument("recycle_after_executions=100,recycle_after_age=2h").policy.recycling).toEqual({
    afterExecutions: 100,
    aboveMemoryBytes: undefined,
    afterAgeMs: 7_200_000,
  });
});

test.each([
  ["replica=1", 'There is no field "replica"; there are replicas, concurrency,'],
  ["replicas", '"replicas" is not written field=value.'],
  ["replicas=1,replicas=2", 'The field "replicas" is there twice.'],
  ["replicas=5..2", "min_replicas is 5 and max_replicas 2"],
  ["replicas=1..2..3", "replicas=1..2..3: It must be a number or min..max."],
  ["concurrency=0", "concurrency=0: It must be a whole number from 1 to 10000."],
  ["idle_ttl=30", "idle_ttl=30: It must be a duration above 0 with its unit"],
  ["idle_ttl=31d", "idle_ttl is 2678400 s"],
  ["scope=team", "scope=team: It must be global or run."],
  ["single_use=true,concurrency=2", "single_use is set and concurrency is 2"],
])("the policy %s is refused with what is wrong", (text, message) => {
  expect(() => policyArgument(text)).toThrow(InvalidArgumentError);
  expect(() => policyArgument(text)).toThrow(message);
});

test.each([
  ["50/s", { kind: "poisson", perSecond: 50 }],
  ["30/m", { kind: "poisson", perSecond: 0.5 }],
  ["1.5/s:even", { kind: "even", perSecond: 1.5 }],
  ["5..50/s", { kind: "wave", lowPerSecond: 5, highPerSecond: 50, periodMs: 86_400_000 }],
  ["0..3600/h@10m", { kind: "wave", lowPerSecond: 0, highPerSecond: 1, periodMs: 600_000 }],
])("the rate %s is read", (text, source) => {
  expect(rateArgument(text)).toEqual(source);
});

test.each(["50", "0/s", "-1/s", "50/d", "5..5/s", "50..5/s", "5/s@1h", "5..50/s:even", "2000000/s", "1.2.3/s"])(
  "the rate %s is refused",
  (text) => {
    expect(() => rateArgument(text)).toThrow(InvalidArgumentError);
  },
);

test("a burst is executions at a period", () => {
  expect(burstArgument("100@60s")).toEqual({ kind: "bursts", executions: 100, everyMs: 60_000 });
});

test.each(["100", "@60s", "0@60s", "100@60", "100@60s@1"])("the burst %s is refused", (text) => {
  expect(() => burstArgument(text)).toThrow(InvalidArgumentError);
});

test.each([
  ["200ms", { kind: "constant", ms: 200 }],
  ["1s:exponential", { kind: "exponential", meanMs: 1_000 }],
  ["200ms:lognormal(p95=2s)", { kind: "lognormal", p50Ms: 200, p95Ms: 2_000 }],
])("the durations %s are read", (text, durations) => {
  expect(durationsArgument(text)).toEqual(durations);
});

test.each(["200", "0ms", "200ms:uniform", "200ms:lognormal", "2s:lognormal(p95=200ms)", "200ms:lognormal(p95=x)"])(
  "the durations %s are refused",
  (text) => {
    expect(() => durationsArgument(text)).toThrow(InvalidArgumentError);
  },
);
