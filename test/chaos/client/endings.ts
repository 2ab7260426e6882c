import { ExecutionPhase, Outcome, type Execution, type ExecutionEnd, type Failure, type Payload } from "@hearth/proto";
import { readPayload, type PayloadClient } from "@hearth/sdk/payloads";
import type { Ending } from "../plan/work.ts";

const outcomes: Readonly<Partial<Record<Outcome, Ending["outcome"]>>> = {
  [Outcome.SUCCEEDED]: "succeeded",
  [Outcome.FAILED]: "failed",
  [Outcome.LOST]: "failed",
  [Outcome.TIMED_OUT]: "timed_out",
  [Outcome.CANCELLED]: "cancelled",
};

const phases: Readonly<Partial<Record<ExecutionPhase, Ending["outcome"]>>> = {
  [ExecutionPhase.SUCCEEDED]: "succeeded",
  [ExecutionPhase.FAILED]: "failed",
  [ExecutionPhase.TIMED_OUT]: "timed_out",
  [ExecutionPhase.CANCELLED]: "cancelled",
};

/** An execution that has ended, as Hearth tells of it. */
export interface Ended {
  readonly id: string;
  readonly outcome: Ending["outcome"];
  readonly result?: Payload | undefined;
  readonly failure?: Failure | undefined;
}

export function fromEnd({ executionId: id, outcome, result, failure }: ExecutionEnd): Ended {
  return { id, outcome: outcomes[outcome] ?? "failed", result, failure };
}

/** Undefined while it goes on. */
export function fromExecution(one: Pick<Execution, "id" | "phase" | "result" | "failure">): Ended | undefined {
  const outcome = phases[one.phase];
  return outcome && { id: one.id, outcome, result: one.result, failure: one.failure };
}

export async function endingOf({ outcome, result, failure }: Ended, payloads: PayloadClient): Promise<Ending> {
  const text = result && new TextDecoder().decode(await readPayload(payloads, result));
  return { outcome, reason: failure?.reason ?? "", result: text === undefined ? undefined : JSON.parse(text) };
}
