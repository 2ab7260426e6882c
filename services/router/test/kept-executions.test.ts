import { create } from "@bufbuild/protobuf";
import {
  AttemptEndSchema,
  ExecutionRequestSchema,
  Outcome,
  type ExecutionRequest,
  type JournalRecord,
} from "@hearth/proto";
import { beforeEach, describe, expect, it } from "vitest";
import type { Attempt, AttemptEnd, Execution } from "../src/core/execution.ts";
import { acceptedRecord, dispatchedRecord, endedRecord } from "../src/io/journal-records.ts";
import type { AppendedRecord } from "../src/io/journal.ts";
import { KeptExecutions } from "../src/io/kept-executions.ts";
import { newExecution } from "../src/io/new-execution.ts";
import { fingerprint } from "../src/io/read-request.ts";
import { RecordBatch } from "../src/io/record-batch.ts";
import { fromReport, toExecution, toExecutionEnd } from "../src/io/translate.ts";

const executionId = "01k9zx8jgfacfa36rbxdheqn6e";
const bytes = (length: number, value: number): Uint8Array => new Uint8Array(length).fill(value);

const batch = new RecordBatch(undefined, 0);

function append(record: JournalRecord): AppendedRecord {
  return batch.add(record);
}

/** The record of its end. */
function endOf(execution: Execution): AppendedRecord {
  const { id, state } = execution;
  if (state.kind !== "ended") throw new Error("It has not ended.");
  return append(endedRecord(execution, toExecutionEnd(id, state.end), state.end, state.at));
}

const firstAttempt = { number: 1, replicaId: "r1", version: "v1", cold: false, dispatchedAt: 1 };

/** Its first attempt was sent out at once. */
function begunAtOnce(end: AttemptEnd): Execution {
  const attempt = { ...firstAttempt, waitReason: "", waitedMs: 0, end };
  const execution = ended(end, [attempt]);
  execution.accepted = append(accepted(execution, attempt));
  execution.dispatched = execution.accepted;
  return execution;
}

/** It waited for its first attempt. */
function begunLater(end: AttemptEnd): Execution {
  const attempt = { ...firstAttempt, cold: true, waitReason: "all 8 slots busy", waitedMs: 8, dispatchedAt: 9, end };
  const execution = ended(end, [attempt]);
  execution.accepted = append(accepted(execution));
  execution.dispatched = append(dispatchedRecord(execution, attempt));
  return execution;
}

/** The claim of a slot was refused, and another one granted. */
function begunAgain(end: AttemptEnd): Execution {
  const execution = begunAtOnce(end);
  const attempt = { ...firstAttempt, replicaId: "r2", waitReason: "replica r1 refused the claim", waitedMs: 2, end };
  execution.attempts = [attempt];
  execution.dispatched = append(dispatchedRecord(execution, attempt));
  return execution;
}

function accepted({ request, pool, acceptedAt }: Execution, attempt?: Attempt): JournalRecord {
  return acceptedRecord(request as ExecutionRequest, pool, acceptedAt, attempt);
}

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
  return Object.assign(execution, endsAs(end));
}

function endsAs(end: AttemptEnd): Pick<Execution, "state"> {
  return { state: { kind: "ended", at: 31, end } };
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
  const keep = (execution: Execution): Execution => kept.keep(execution, endOf(execution));

  it.each<[string, Execution]>([
    ["when its only attempt was sent out at once", begunAtOnce(succeededWith(bytes(30, 2)))],
    ["when that one failed", begunAtOnce(failed)],
    ["when its only attempt had to wait", begunLater(succeededWith(bytes(30, 2)))],
    ["when that one failed too", begunLater(failed)],
    ["when it was cancelled as that one was refused", Object.assign(begunAtOnce(cancelled), { attempts: [] })],
    ["when the end of that one was not how it ended", Object.assign(begunAtOnce(failed), endsAs(cancelled))],
    ["when it waited for one that was refused, and for another one", begunAgain(succeededWith(bytes(30, 2)))],
    ["when it succeeded at its second attempt", ended(succeededWith(bytes(30, 2)), [ranAs(1, failed)])],
    ["when its last attempt is how it ended", ended(failed, [ranAs(1, failed)])],
    ["when it never had a slot", ended(cancelled, [])],
    ["when it is as large as those that are kept so", ended(succeededWith(bytes(2_048, 2)), [], bytes(2_048, 1))],
  ])("%s", (_, execution) => expect(told(keep(execution))).toEqual(told(execution)));

  it("among thousands of others, in whatever order they are asked for", () => {
    const executions = Array.from({ length: 3_000 }, (_, index) => ended(succeededWith(bytes(index % 500, index)), []));
    const all = executions.map((execution) => ({ execution, kept: keep(execution) }));
    for (const { execution, kept } of all.toReversed()) expect(told(kept)).toEqual(told(execution));
  });

  it("and as it is when its arguments and result are large", () => {
    const execution = ended(succeededWith(bytes(2_048, 2)), [], bytes(2_049, 1));
    expect(keep(execution)).toBe(execution);
  });

  it("with the mark of the batch that it began in, until that is forgotten", () => {
    const execution = ended(cancelled, []);
    execution.mark = { sequence: 1, endsAtBytes: 1, executions: 1 };
    const one = keep(execution);
    expect(one.mark).toBe(execution.mark);
    one.mark = undefined;
    expect(told(one)).toEqual(told(execution));
  });
});
