import { create } from "@bufbuild/protobuf";
import { durationFromMs } from "@bufbuild/protobuf/wkt";
import { ExecutionRequestSchema, TaskSchema } from "@hearth/proto";
import { describe, expect, it } from "vitest";
import { noLimits, type Limits } from "../src/core/limits.ts";
import { fillLimits, toLimits } from "../src/io/read-limits.ts";

const task = create(TaskSchema, {
  ...{ retryPolicy: { retries: 3 }, attemptTimeout: durationFromMs(2_000), queueTimeout: durationFromMs(500) },
});

function limitsOf(request: object, declared = task, callersDeadline = Infinity): Limits {
  const message = create(ExecutionRequestSchema, request);
  fillLimits(message, declared, callersDeadline);
  return toLimits(message);
}

describe("the limits of an execution", () => {
  it("are what its task declares where its request says nothing", () =>
    expect(limitsOf({})).toMatchObject({ retry: { retries: 3 }, attemptTimeoutMs: 2_000, queueTimeoutMs: 500 }));

  it("are what its request says before what its task declares", () => {
    const request = { retryPolicy: { retries: 0 }, attemptTimeoutMs: 1, queueTimeoutMs: 2 };
    expect(limitsOf(request)).toMatchObject({ retry: { retries: 0 }, attemptTimeoutMs: 1, queueTimeoutMs: 2 });
  });

  it.each([
    [{ deadlineUnixMs: 900 }, 1_000, 900],
    [{ deadlineUnixMs: 900 }, 800, 800],
    [{}, 800, 800],
    [{ deadlineUnixMs: 900 }, Infinity, 900],
    [{}, Infinity, Infinity],
  ])("have the sooner of its own deadline and its caller's: %j, %d", (request, callers, deadline) =>
    expect(limitsOf(request, task, callers).deadline).toBe(deadline),
  );

  it("are those of all others that have none", () => expect(limitsOf({}, create(TaskSchema))).toBe(noLimits));
});
