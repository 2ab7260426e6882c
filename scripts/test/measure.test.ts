import { expect, test } from "vitest";
import { measure, type ExecutionDocument } from "../demo/measure.ts";

function execution(options: {
  readonly accepted: number;
  readonly dispatched: number;
  readonly ended: number;
  readonly cold?: boolean;
  readonly runner?: number;
}): ExecutionDocument {
  const { accepted, dispatched, ended, cold = false, runner = 1 } = options;
  const attempt = { runnerPid: runner, cold, dispatchedUnixMs: dispatched, endedUnixMs: ended };
  return { phase: "EXECUTION_PHASE_SUCCEEDED", acceptedUnixMs: accepted, endedUnixMs: ended, attempts: [attempt] };
}

test("the cold time is that of the first execution that waited for a replica, its wait included", () => {
  const executions = [
    execution({ accepted: 20, dispatched: 300, ended: 310, cold: true }),
    execution({ accepted: 10, dispatched: 300, ended: 305, cold: true }),
  ];
  expect(measure(executions).coldMs).toBe(295);
});

test("the warm time is the median from slot to result, without the wait for a slot and without cold ones", () => {
  const executions = [
    execution({ accepted: 0, dispatched: 500, ended: 600, cold: true }),
    ...[2, 4, 9, 11].map((took) => execution({ accepted: 0, dispatched: 700, ended: 700 + took })),
  ];
  expect(measure(executions).warmMs).toBe(6.5);
});

test("runners are counted once, however many executions they served", () => {
  const executions = [1, 2, 1, 2, 2].map((runner) => execution({ accepted: 0, dispatched: 1, ended: 2, runner }));
  expect(measure(executions)).toMatchObject({ executions: 5, failed: 0, runners: 2 });
});

test("an execution that did not succeed is counted as failed", () => {
  const failed = { ...execution({ accepted: 0, dispatched: 1, ended: 2 }), phase: "EXECUTION_PHASE_FAILED" };
  expect(measure([failed]).failed).toBe(1);
});
