import { describe, expect, it } from "vitest";
import { decideAfterAttempt, type AttemptHistory } from "../src/core/decide-retry.ts";
import type { Attempt, AttemptEnd, Outcome } from "../src/core/execution.ts";

const end = (outcome: Outcome, reason = "", neighbours = 0): AttemptEnd => ({
  ...{ outcome, reason, message: "how", resultBytes: 0, neighbours },
});

const attempts = (...ends: AttemptEnd[]): Attempt[] =>
  ends.map((end, index) => ({
    ...{ number: index + 1, replicaId: "r", version: "v", cold: false, waitReason: "", waitedMs: 0, dispatchedAt: 0 },
    end,
  }));

const after = (last: AttemptEnd, change: Partial<AttemptHistory> = {}): string => {
  const decision = decideAfterAttempt({ end: last, earlier: [], isolateOutOfMemory: false, alone: false, ...change });
  return decision.kind === "retry" && decision.alone ? "retry alone" : decision.kind;
};

const lost = end("lost", "REPLICA_LOST");
const sharedCrash = end("lost", "RUNNER_CRASHED", 3);

describe("after an attempt", () => {
  it.each([["succeeded"], ["failed"], ["timed_out"], ["cancelled"]] as const)("%s ends the execution", (outcome) =>
    expect(after(end(outcome))).toBe("end"),
  );

  it("a lost replica gives the execution another attempt, and says so", () => {
    const decision = decideAfterAttempt({ end: lost, earlier: [], isolateOutOfMemory: false, alone: false });
    expect(decision).toEqual({ kind: "retry", alone: false, waitReason: "attempt 1 was lost: how" });
  });

  it("the tenth lost replica ends the execution", () => {
    expect(after(lost, { earlier: attempts(...Array<AttemptEnd>(8).fill(lost)) })).toBe("retry");
    expect(after(lost, { earlier: attempts(...Array<AttemptEnd>(9).fill(lost)) })).toBe("end");
  });

  it("a crash of the runner under it alone ends the execution: the task is what crashed it", () =>
    expect(after(end("lost", "RUNNER_CRASHED"))).toBe("end"));

  it("a crash under it and others blames nobody", () => expect(after(sharedCrash)).toBe("retry"));

  it("crashes it shared do not count as lost replicas", () =>
    expect(after(lost, { earlier: attempts(...Array<AttemptEnd>(9).fill(sharedCrash)) })).toBe("retry"));

  it("the third shared crash has it tried in a replica of its own, where it is known", () => {
    expect(after(sharedCrash, { earlier: attempts(sharedCrash) })).toBe("retry");
    expect(after(sharedCrash, { earlier: attempts(sharedCrash, lost, sharedCrash) })).toBe("retry alone");
    expect(after(end("lost", "RUNNER_CRASHED"), { alone: true })).toBe("end");
  });

  it("out of memory alone ends the execution, unless the policy gives it a fresh replica of its own, once", () => {
    const outOfMemory = end("lost", "OUT_OF_MEMORY");
    expect(after(outOfMemory)).toBe("end");
    expect(after(outOfMemory, { isolateOutOfMemory: true })).toBe("retry alone");
    expect(after(outOfMemory, { isolateOutOfMemory: true, alone: true })).toBe("end");
  });

  it("a crash alone is no case for a fresh replica", () =>
    expect(after(end("lost", "RUNNER_CRASHED"), { isolateOutOfMemory: true })).toBe("end"));

  it("what is tried alone stays alone when its replica is lost", () =>
    expect(after(lost, { alone: true })).toBe("retry alone"));
});
