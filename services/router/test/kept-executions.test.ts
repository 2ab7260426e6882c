import { create } from "@bufbuild/protobuf";
import { AttemptEndSchema, ExecutionRequestSchema, Outcome } from "@hearth/proto";
import { beforeEach, describe, expect, it } from "vitest";
import type { Attempt, AttemptEnd, Execution } from "../src/core/execution.ts";
import { KeptExecutions } from "../src/io/kept-executions.ts";
import { newExecution } from "../src/io/new-execution.ts";
import { fingerprint } from "../src/io/read-request.ts";
import { fromReport, toExecution, toExecutionEnd } from "../src/io/translate.ts";

const executionId = "01k9zx8jgfacfa36rbxdheqn6e";
const bytes = (length: number, value: number): Uint8Array => new Uint8Array(length).fill(value);

function succeededWith(result: Uint8Array): AttemptEnd {
  return fromReport(
    create(AttemptEndSchema, {
      ...{ executionId, attempt: 2, outcome: Outcome.SUCCEEDED, startedUnixMs: 20, endedUnixMs: 30.5, runnerPid: 7 },
      result: { inline: result },
    }),
  );
}

const failed: AttemptEnd = fromReport(
  create(AttemptEndSchema, {
    ...{ executionId, attempt: 1, outcome: Outcome.FAILED, startedUnixMs: 5, endedUnixMs: 6, runnerPid: 6 },
    failure: { reason: "TASK_FAILED", message: "no", exceptionType: "ValueError", traceback: "line 1" },
  }),
);

const cancelled: AttemptEnd = {
  ...{ outcome: "cancelled", reason: "CANCELLED", message: "It was cancelled.", resultBytes: 0, neighbours: 0 },
};

function ranAs(number: number, end: AttemptEnd): Attempt {
  return {
    ...{ number, replicaId: `r${number}`, version: "v1", cold: number === 1, waitReason: "all 8 slots busy" },
    ...{ waitedMs: 1.5, dispatchedAt: 10, end },
  };
}

function ended(end: AttemptEnd, attempts: readonly Attempt[], argument: Uint8Array = bytes(20, 1)): Execution {
  const request = create(ExecutionRequestSchema, {
    ...{ executionId, runId: executionId, environment: "images", task: "resize", priority: 3, affinityKey: "a" },
    ...{ idempotencyKey: "once", queueTimeoutMs: 500, deadlineUnixMs: 90_000, arguments: { inline: argument } },
  });
  const execution = newExecution(request, "images/alone", 1);
  execution.attempts = attempts;
  execution.state = { kind: "ended", at: 31, end };
  return execution;
}

/** What anybody can be told of an ended execution. */
function told(execution: Execution): unknown {
  const { id, idempotencyKey, limits, priority, affinityKey, state } = execution;
  if (state.kind !== "ended") throw new Error("It has not ended.");
  const { outcome, reason, message } = state.end;
  return {
    ...{ id, idempotencyKey, limits, priority, affinityKey, outcome, reason, message },
    fingerprint: fingerprint(execution.request as Parameters<typeof fingerprint>[0]),
    shown: toExecution(execution),
    end: toExecutionEnd(id, state.end),
  };
}

describe("a kept execution is told as it was", () => {
  let kept: KeptExecutions;
  beforeEach(() => void (kept = new KeptExecutions()));

  it.each<[string, Execution]>([
    ["when it succeeded at its second attempt", ended(succeededWith(bytes(30, 2)), [ranAs(1, failed)])],
    ["when its last attempt is how it ended", ended(failed, [ranAs(1, failed)])],
    ["when it never had a slot", ended(cancelled, [])],
    ["when it is as large as those that are kept so", ended(succeededWith(bytes(2_048, 2)), [], bytes(2_048, 1))],
  ])("%s", (_, execution) => expect(told(kept.keep(execution))).toEqual(told(execution)));

  it("among thousands of others, in whatever order they are asked for", () => {
    const executions = Array.from({ length: 3_000 }, (_, index) => ended(succeededWith(bytes(index % 500, index)), []));
    const all = executions.map((execution) => ({ execution, kept: kept.keep(execution) }));
    for (const { execution, kept } of all.toReversed()) expect(told(kept)).toEqual(told(execution));
  });

  it("and as it is when its arguments and result are large", () => {
    const execution = ended(succeededWith(bytes(2_048, 2)), [], bytes(2_049, 1));
    expect(kept.keep(execution)).toBe(execution);
  });

  it("with the mark of the batch that it began in, until that is forgotten", () => {
    const execution = ended(cancelled, []);
    execution.mark = { sequence: 1, endsAtBytes: 1, executions: 1 };
    const one = kept.keep(execution);
    expect(one.mark).toBe(execution.mark);
    one.mark = undefined;
    expect(told(one)).toEqual(told(execution));
  });
});
