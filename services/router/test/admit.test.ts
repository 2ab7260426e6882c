import { describe, expect, it } from "vitest";
import { decideAdmission, type AdmissionSnapshot } from "../src/core/admit.ts";

const snapshot: AdmissionSnapshot = {
  draining: false,
  journalAvailable: true,
  request: { environment: "images", task: "resize", argumentBytes: 100, idempotencyKey: "" },
  repeats: undefined,
  tasks: new Set(["resize", "crop"]),
  backlog: 0,
  bounds: { argumentBytesMax: 1_000, backlogMax: 10 },
};

const decide = (change: Partial<AdmissionSnapshot>): string => {
  const admission = decideAdmission({ ...snapshot, ...change });
  return admission.kind === "reject" ? admission.reason : admission.kind;
};

describe("admission", () => {
  it("accepts what is within every bound", () => expect(decide({})).toBe("admit"));
  it("accepts arguments that are exactly at their bound", () =>
    expect(decide({ request: { ...snapshot.request, argumentBytes: 1_000 } })).toBe("admit"));
  it("refuses arguments one byte over their bound", () =>
    expect(decide({ request: { ...snapshot.request, argumentBytes: 1_001 } })).toBe("PAYLOAD_TOO_LARGE"));
  it("fills the last place of the backlog", () => expect(decide({ backlog: 9 })).toBe("admit"));
  it("refuses when the backlog is at its bound", () => expect(decide({ backlog: 10 })).toBe("BACKLOG_FULL"));
  it("refuses an environment that is not deployed", () =>
    expect(decide({ tasks: undefined })).toBe("ENVIRONMENT_NOT_FOUND"));
  it("refuses a task the environment does not have", () =>
    expect(decide({ request: { ...snapshot.request, task: "rotate" } })).toBe("TASK_NOT_FOUND"));
  it("refuses everything new while it drains", () => expect(decide({ draining: true })).toBe("ROUTER_DRAINING"));
  it("refuses everything new while the journal does not answer", () =>
    expect(decide({ journalAvailable: false })).toBe("JOURNAL_UNAVAILABLE"));
  it("answers a repeated request with the earlier execution", () => expect(decide({ repeats: true })).toBe("repeat"));
  it("answers a repeated request even while it drains and the backlog is full", () =>
    expect(decide({ repeats: true, draining: true, backlog: 10 })).toBe("repeat"));
  it("refuses a different request under the same idempotency key", () =>
    expect(decide({ repeats: false })).toBe("IDEMPOTENCY_KEY_REUSED"));
  it("says when to ask a full backlog again", () => {
    const admission = decideAdmission({ ...snapshot, backlog: 10 });
    expect(admission).toMatchObject({ metadata: { retryAfterMs: "1000", backlogMax: "10" } });
  });
  it("names the tasks there are when one is misspelt", () => {
    const admission = decideAdmission({ ...snapshot, request: { ...snapshot.request, task: "rezise" } });
    expect(admission).toMatchObject({ message: expect.stringContaining('"resize", "crop"') as string });
  });
});
