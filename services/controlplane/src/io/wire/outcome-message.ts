import { create } from "@bufbuild/protobuf";
import {
  ExecutionPhase,
  FailureSchema,
  Outcome as OutcomeMessage,
  type Failure as FailureMessage,
} from "@hearth/proto";
import type { Failure, Outcome, Phase } from "../../core/execution-history.ts";

const outcomes: Readonly<Record<OutcomeMessage, Outcome>> = {
  [OutcomeMessage.UNSPECIFIED]: "none",
  [OutcomeMessage.SUCCEEDED]: "succeeded",
  [OutcomeMessage.FAILED]: "failed",
  [OutcomeMessage.TIMED_OUT]: "timedOut",
  [OutcomeMessage.CANCELLED]: "cancelled",
  [OutcomeMessage.LOST]: "lost",
};

const outcomeMessages: Readonly<Record<Outcome, OutcomeMessage>> = {
  none: OutcomeMessage.UNSPECIFIED,
  succeeded: OutcomeMessage.SUCCEEDED,
  failed: OutcomeMessage.FAILED,
  timedOut: OutcomeMessage.TIMED_OUT,
  cancelled: OutcomeMessage.CANCELLED,
  lost: OutcomeMessage.LOST,
};

export const phaseMessages: Readonly<Record<Phase, ExecutionPhase>> = {
  queued: ExecutionPhase.QUEUED,
  running: ExecutionPhase.RUNNING,
  succeeded: ExecutionPhase.SUCCEEDED,
  failed: ExecutionPhase.FAILED,
  timedOut: ExecutionPhase.TIMED_OUT,
  cancelled: ExecutionPhase.CANCELLED,
};

export function outcomeFromMessage(outcome: OutcomeMessage): Outcome {
  // A number that a later version of the protocol may give has no entry.
  return (outcomes as Partial<typeof outcomes>)[outcome] ?? "none";
}

export function outcomeToMessage(outcome: Outcome): OutcomeMessage {
  return outcomeMessages[outcome];
}

export function failureFromMessage(failure: FailureMessage | undefined): Failure | undefined {
  if (failure === undefined) return undefined;
  const { reason, message, exceptionType, traceback } = failure;
  return { reason, message, exceptionType, traceback };
}

export function failureToMessage(failure: Failure): FailureMessage {
  return create(FailureSchema, failure);
}
