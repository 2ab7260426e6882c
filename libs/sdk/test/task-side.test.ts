import { describe, expect, test } from "vitest";
import { bundleEnvironment } from "../src/bundle/bundle-environment.ts";
import { parameterNames } from "../src/parameter-names.ts";
import { ReusePolicy } from "../src/task/reuse-policy.ts";
import { registry } from "../src/task/registry.ts";
import { square } from "./fixture-program.ts";

const fixture = registry().environments.get("fixture")!;

describe("a bundle", () => {
  test("of the same code has the same hash", async () => {
    expect((await bundleEnvironment(fixture)).sha256).toBe((await bundleEnvironment(fixture)).sha256);
  });

  test("has nothing of the client and no absolute path in it", async () => {
    const code = Buffer.from((await bundleEnvironment(fixture)).data).toString();
    expect(code).not.toMatch(/grpc|protobuf|opentelemetry/);
    expect(code).not.toContain(process.cwd());
  });
});

test("outside of a runner a task simply runs", async () => {
  expect(await square(9)).toBe(81);
});

describe("a policy", () => {
  test("fills in every default", () => {
    expect(new ReusePolicy().toJSON()).toEqual({
      minReplicas: 2,
      maxReplicas: 2,
      concurrency: 1,
      scaledownTtl: "30s",
      idleTtl: "30s",
      scope: "SCOPE_GLOBAL",
    });
  });

  test("adds up the parts of a duration", () => {
    expect(new ReusePolicy({ idleTtl: { hours: 1, seconds: 0.5 } }).toJSON()).toMatchObject({ idleTtl: "3600.5s" });
  });

  test.each([
    { replicas: 0 },
    { replicas: [3, 2] as const },
    { concurrency: 1.5 },
    { idleTtl: 0 },
    { scaledownTtl: { days: 31 } },
  ])("out of its bounds is refused: %o", (options) => {
    expect(() => new ReusePolicy(options)).toThrow(RangeError);
  });
});

test("parameter names come from the function's source", () => {
  const run = (a: number, b = "x,)", { c } = { c: 1 }): string => `${a}${b}${c}`;
  expect(parameterNames(run)).toEqual(["a", "b", "arg3"]);
});
