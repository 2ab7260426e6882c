import type { Frame } from "@hearth/runner-protocol";
import { untraced } from "@hearth/telemetry";
import { describe, expect, it } from "vitest";
import { toChildRequest } from "../src/io/translate.ts";

const parent = { runId: "run", executionId: "parent", deadlineUnixMs: 0, trace: untraced };

function call(header: object): Extract<Frame, { kind: "call" }> {
  const plain = { call: 1, attempt: 1, environment: "images", task: "resize" };
  return { kind: "call", header: { ...plain, ...header }, body: new Uint8Array() };
}

describe("the request for a child", () => {
  it("says where it is to run and how soon", () => {
    const asked = { affinityKey: "model-7", priority: -3, freshReplica: true };
    expect(toChildRequest(parent, "child", call(asked))).toMatchObject({ ...asked, parentId: "parent" });
  });

  it("leaves out what the call leaves out", () => {
    const request = toChildRequest(parent, "child", call({}));
    expect(request).toMatchObject({ affinityKey: "", freshReplica: false });
    expect(request.priority).toBeUndefined();
  });

  it.each([
    { traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", tracestate: "a=b", unsampled: false },
    { traceparent: "", tracestate: "", unsampled: true },
  ])("continues its parent's trace: %j", (trace) => {
    expect(toChildRequest({ ...parent, trace }, "child", call({}))).toMatchObject(trace);
  });

  it("carries a policy of its own", () => {
    expect(toChildRequest(parent, "child", call({ policy: { concurrency: 4 } })).policyOverride?.concurrency).toBe(4);
  });

  it("carries limits of its own", () => {
    const asked = { idempotencyKey: "k", attemptTimeoutMs: 1.5, queueTimeoutMs: 2, deadlineUnixMs: 3 };
    const request = toChildRequest(parent, "child", call({ ...asked, retryPolicy: { retries: 4, retryOn: ["E"] } }));
    expect(request).toMatchObject({ ...asked, retryPolicy: { retries: 4, retryOn: ["E"] } });
  });

  it.each([
    [0, 0, 0],
    [0, 5, 5],
    [3, 0, 3],
    [3, 5, 3],
    [7, 5, 5],
  ])("asked for with deadline %d by a parent with deadline %d has deadline %d", (own, parents, expected) => {
    const request = toChildRequest({ ...parent, deadlineUnixMs: parents }, "child", call({ deadlineUnixMs: own }));
    expect(request.deadlineUnixMs).toBe(expected);
  });

  it.each([
    [{ idempotencyKey: 7 }, "INVALID_EXECUTION"],
    [{ attemptTimeoutMs: "1" }, "INVALID_EXECUTION"],
    [{ queueTimeoutMs: null }, "INVALID_EXECUTION"],
    [{ deadlineUnixMs: {} }, "INVALID_EXECUTION"],
    [{ retryPolicy: { retries: -1 } }, "INVALID_POLICY"],
    [{ affinityKey: 7 }, "INVALID_EXECUTION"],
    [{ affinityKey: null }, "INVALID_EXECUTION"],
    [{ priority: "high" }, "INVALID_EXECUTION"],
    [{ priority: 1.5 }, "INVALID_EXECUTION"],
    [{ priority: 2 ** 31 }, "INVALID_EXECUTION"],
    [{ freshReplica: "yes" }, "INVALID_EXECUTION"],
    [{ environment: 1 }, "INVALID_EXECUTION"],
    [{ task: {} }, "INVALID_EXECUTION"],
    [{ policy: { concurrency: "many" } }, "INVALID_POLICY"],
  ])("is refused when the runner sends %j: %s", (header, reason) => {
    expect(() => toChildRequest(parent, "child", call(header))).toThrow(expect.objectContaining({ reason }) as Error);
  });
});
