import { describe, expect, it } from "vitest";
import { explainDeath, type MemoryAtDeath, type RunnerDeath } from "../src/core/explain-death.ts";

const killed: RunnerDeath = { exitCode: undefined, signal: "SIGKILL", problem: "", lastOutput: "" };
const memory: MemoryAtDeath = { heldBytes: 0, limitBytes: undefined, endedByAgent: false, endedByKernel: false };
const explain = (death: Partial<RunnerDeath>, facts: Partial<MemoryAtDeath> = {}): string => {
  const { reason, message } = explainDeath({ ...killed, ...death }, { ...memory, ...facts });
  return `${reason}: ${message}`;
};

describe("a runner's death", () => {
  it("is named after the memory it held when the agent ended it for that", () =>
    expect(explain({}, { endedByAgent: true, heldBytes: 612 * 2 ** 20, limitBytes: 512 * 2 ** 20 })).toBe(
      "OUT_OF_MEMORY: it held 612 MiB; the limit is 512 MiB",
    ));

  it("is named out of memory when the kernel ended it for want of it", () =>
    expect(explain({}, { endedByKernel: true, heldBytes: 100 * 2 ** 20 })).toBe(
      "OUT_OF_MEMORY: its container reached its memory limit and the kernel ended it, which held 100 MiB when it was last looked at",
    ));

  it("is a crash when the kernel ended another process and this one exited by itself", () =>
    expect(explain({ signal: undefined, exitCode: 3 }, { endedByKernel: true })).toBe("RUNNER_CRASHED: exit code 3"));

  it("is named out of memory when the JavaScript engine aborted for it", () =>
    expect(
      explain({ signal: "SIGABRT", lastOutput: "FATAL ERROR: Reached heap limit - JavaScript heap out of memory" }),
    ).toContain("OUT_OF_MEMORY: the heap of its JavaScript engine was full. Its last output:\nFATAL"));

  it("is a crash with its last output otherwise, whatever that says", () =>
    expect(explain({ lastOutput: "heap out of memory, said the task" })).toBe(
      "RUNNER_CRASHED: signal SIGKILL. Its last output:\nheap out of memory, said the task",
    ));

  it("says what was wrong before", () =>
    expect(explain({ problem: "it sent no frame" })).toBe("RUNNER_CRASHED: signal SIGKILL: it sent no frame"));
});
