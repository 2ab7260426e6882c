import { ExecutionPhase, Outcome, type ExecutionEnd, type Failure, type Payload } from "@hearth/proto";
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

export function endingOf({ outcome, result, failure }: ExecutionEnd): Ending {
  return { outcome: outcomes[outcome] ?? "failed", reason: failure?.reason ?? "", result: decode(result) };
}

/** Undefined while it goes on. */
export function endingOfPhase(one: {
  readonly phase: ExecutionPhase;
  readonly result?: Payload | undefined;
  readonly failure?: Failure | undefined;
}): Ending | undefined {
  const outcome = phases[one.phase];
  return outcome && { outcome, reason: one.failure?.reason ?? "", result: decode(one.result) };
}

function decode(payload: Payload | undefined): unknown {
  return payload === undefined ? undefined : JSON.parse(new TextDecoder().decode(payload.inline));
}
