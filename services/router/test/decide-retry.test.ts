import { describe, expect, it } from "vitest";
import { decideAfterAttempt } from "../src/core/decide-retry.ts";
import type { AttemptEnd, Outcome } from "../src/core/execution.ts";

const end = (outcome: Outcome, reason = ""): AttemptEnd => ({ outcome, reason, message: "how", resultBytes: 0 });

describe("after an attempt", () => {
  it.each([["succeeded"], ["failed"], ["timed_out"], ["cancelled"]] as const)("%s ends the execution", (outcome) =>
    expect(decideAfterAttempt(end(outcome), 0).kind).toBe("end"),
  );
  it("a lost replica gives the execution another attempt", () =>
    expect(decideAfterAttempt(end("lost", "REPLICA_LOST"), 0)).toEqual({
      kind: "retry",
      waitReason: "attempt 1 was lost: how",
    }));
  it("the third lost attempt ends the execution", () =>
    expect(decideAfterAttempt(end("lost", "REPLICA_LOST"), 2).kind).toBe("end"));
  it("a crash of the runner ends the execution, because the task may be what crashed it", () =>
    expect(decideAfterAttempt(end("lost", "RUNNER_CRASHED"), 0).kind).toBe("end"));
});
