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

const history = { earlier: [], isolateOutOfMemory: false, alone: false, isCancelled: false, retry: undefined };

const after = (last: AttemptEnd, change: Partial<AttemptHistory> = {}): string => {
  const decision = decideAfterAttempt({ ...history, end: last, ...change });
  return decision.kind === "retry" && decision.alone ? "retry alone" : decision.kind;
};

const lost = end("lost", "REPLICA_LOST");
const sharedCrash = end("lost", "RUNNER_CRASHED", 3);

describe("after an attempt", () => {
  it.each([["succeeded"], ["failed"], ["timed_out"], ["cancelled"]] as const)("%s ends the execution", (outcome) =>
    expect(after(end(outcome))).toBe("end"),
  );

  it("a lost replica gives the execution another attempt, and says so", () => {
    const decision = decideAfterAttempt({ ...history, end: lost });
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

  const retry = { retries: 2, initialBackoffMs: 100, backoffFactor: 2, maxBackoffMs: 0, retryOn: [] };
  const failed = { ...end("failed", "TASK_FAILED"), exceptionType: "ConnectionError" };
  const timedOut = end("timed_out", "ATTEMPT_TIMED_OUT");

  it.each([
    ["a failure", failed],
    ["a timeout", timedOut],
    ["a runner that it crashed alone", end("lost", "RUNNER_CRASHED")],
    ["running out of memory alone", end("lost", "OUT_OF_MEMORY")],
  ])("%s is tried again as often as its retry policy says", (_what, own) => {
    expect(after(own, { retry })).toBe("backOff");
    expect(after(own, { retry, earlier: attempts(failed) })).toBe("backOff");
    expect(after(own, { retry, earlier: attempts(failed, timedOut) })).toBe("end");
  });

  it.each([
    ["success", end("succeeded")],
    ["a cancellation", end("cancelled", "CANCELLED")],
    ["a deadline that passed", end("timed_out", "DEADLINE_EXCEEDED")],
  ])("%s is the end, whatever its retry policy says", (_what, last) => expect(after(last, { retry })).toBe("end"));

  it("what somebody asked to end is not tried again, however it ended", () => {
    expect(after(failed, { retry, isCancelled: true })).toBe("end");
    expect(after(lost, { isCancelled: true })).toBe("end");
  });

  it("what was lost uses up no retry", () => {
    const infrastructure = attempts(lost, sharedCrash, lost, lost);
    expect(after(failed, { retry, earlier: [...infrastructure, ...attempts(failed)] })).toBe("backOff");
    expect(after(lost, { retry, earlier: attempts(failed, failed) })).toBe("retry");
  });

  it("the fresh replica that a policy answers running out of memory with uses up no retry", () => {
    const outOfMemory = end("lost", "OUT_OF_MEMORY");
    const isolated = { retry: { ...retry, retries: 1 }, isolateOutOfMemory: true, alone: true };
    expect(after(outOfMemory, { ...isolated, earlier: attempts(outOfMemory) })).toBe("backOff");
    expect(after(outOfMemory, { ...isolated, earlier: attempts(outOfMemory, outOfMemory) })).toBe("end");
  });

  it("only failures that the retry policy names, by reason or class of exception, are tried again", () => {
    const retryOn = (...names: string[]) => ({ retry: { ...retry, retryOn: names } });
    expect(after(failed, retryOn("TASK_FAILED"))).toBe("backOff");
    expect(after(failed, retryOn("ATTEMPT_TIMED_OUT", "ConnectionError"))).toBe("backOff");
    expect(after(failed, retryOn("ATTEMPT_TIMED_OUT", "ValueError"))).toBe("end");
    expect(after(timedOut, retryOn("ConnectionError"))).toBe("end");
  });

  it("a retry says which attempt it is, when it comes and after what", () => {
    const decision = decideAfterAttempt({ ...history, retry, end: failed, earlier: attempts(lost, failed) });
    expect(decision).toEqual({
      kind: "backOff",
      delayMs: 200,
      waitReason: ["attempt 4 of 4 in 0.2 s, after TASK_FAILED: how", "attempt 4 of 4, after TASK_FAILED: how"],
    });
  });

  it("what is tried alone stays alone when its replica is lost", () =>
    expect(after(lost, { alone: true })).toBe("retry alone"));
});
