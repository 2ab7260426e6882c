import { expect, test } from "vitest";
import { canonicalSpec } from "../src/core/canonical-spec.ts";
import type { EnvironmentSpec } from "../src/core/environment.ts";
import { parseQuantity } from "@hearth/policy";
import { findSpecProblem } from "../src/core/validate-environment.ts";
import { specOf } from "./support/spec.ts";

test("a spec within all bounds has no problem", () => {
  expect(findSpecProblem(specOf({}))).toBeUndefined();
});

test.each<{ names: string; spec: Partial<EnvironmentSpec> }>([
  { names: "name", spec: { name: "" } },
  { names: "name", spec: { name: "Upper" } },
  { names: "name", spec: { name: "-leading" } },
  { names: "name", spec: { name: "trailing_" } },
  { names: "name", spec: { name: "a".repeat(64) } },
  { names: "language", spec: { language: "unspecified" } },
  { names: "bundle_sha256", spec: { bundleSha256: "abc" } },
  { names: "tasks", spec: { tasks: [] } },
  { names: "two words", spec: { tasks: [{ name: "two words", entrypoint: "m:f" }] } },
  {
    names: "twice",
    spec: {
      tasks: [
        { name: "twice", entrypoint: "m:f" },
        { name: "twice", entrypoint: "m:g" },
      ],
    },
  },
  { names: "entrypoint", spec: { tasks: [{ name: "f", entrypoint: "nocolon" }] } },
  { names: "attempt_timeout", spec: { tasks: [{ name: "f", entrypoint: "m:f", attemptTimeoutMs: 0 }] } },
  { names: "queue_timeout", spec: { tasks: [{ name: "f", entrypoint: "m:f", queueTimeoutMs: 2_592_000_001 }] } },
  {
    names: 'task "f": retry_policy.retries',
    spec: {
      tasks: [
        {
          ...{ name: "f", entrypoint: "m:f" },
          retryPolicy: { retries: 1_001, initialBackoffMs: 0, backoffFactor: 0, maxBackoffMs: 0, retryOn: [] },
        },
      ],
    },
  },
])("$spec is refused and the message names it", ({ names, spec }) => {
  const problem = findSpecProblem(specOf(spec));
  expect(problem).toMatchObject({ reason: "INVALID_ENVIRONMENT" });
  expect(problem?.message).toContain(names);
});

test.each(["abc", "-1", "0", "1Xi", "1 Gi"])("the quantity %j is refused", (memory) => {
  expect(findSpecProblem(specOf({ resources: { cpu: "", memory } }))?.reason).toBe("INVALID_RESOURCES");
});

test.each([
  ["500m", 0.5],
  ["2", 2],
  ["1.5Gi", 1.5 * 2 ** 30],
  ["512Mi", 512 * 2 ** 20],
  ["1k", 1000],
])("the quantity %s is %d", (text, value) => {
  expect(parseQuantity(text)).toBe(value);
});

test("the order of a spec's fields does not make another version, the order of its tasks does", () => {
  const spec = specOf({
    tasks: [
      { name: "a", entrypoint: "m:a" },
      { name: "b", entrypoint: "m:b" },
    ],
  });
  const reordered = Object.fromEntries(Object.entries(spec).reverse()) as unknown as EnvironmentSpec;
  expect(canonicalSpec(reordered)).toBe(canonicalSpec(spec));
  expect(canonicalSpec({ ...spec, tasks: spec.tasks.toReversed() })).not.toBe(canonicalSpec(spec));
});

test.each(["a", "reuse_concurrency", "reusable-env", "a1_b-2"])("the name %s is taken", (name) => {
  expect(findSpecProblem(specOf({ name }))).toBeUndefined();
});

test("a value of a process variable that no process can be started with is refused", () => {
  const layers = [{ kind: "processVariables", variables: { GREETING: "a\0b" } }] as const;
  const problem = findSpecProblem(specOf({ image: { base: { kind: "debian", pythonVersion: "" }, layers } }));
  expect(problem?.message).toContain("GREETING");
});
