import type { RetryPolicy } from "@hearth/policy";
import type { Execution } from "./execution.ts";

/** How often and for how long an execution is tried: what its request says, or else its task. Infinity: without a bound. */
export interface Limits {
  readonly retry: RetryPolicy | undefined;
  /** Of one attempt, from its dispatch. */
  readonly attemptTimeoutMs: number;
  /** Until the first slot, from when it was accepted. */
  readonly queueTimeoutMs: number;
  /** When it ends at the latest, its caller's deadline included. */
  readonly deadline: number;
}

/** Those of most executions: nothing about time has to be kept for them. */
export const noLimits: Limits = {
  ...{ retry: undefined, attemptTimeoutMs: Infinity, queueTimeoutMs: Infinity, deadline: Infinity },
};

/** When time alone next changes something about an execution. Infinity: never. */
export function dueAt({ state, limits, attempts, acceptedAt }: Execution): number {
  const { attemptTimeoutMs, queueTimeoutMs, deadline } = limits;
  switch (state.kind) {
    case "queued":
      if (state.next !== undefined) return Math.min(deadline, state.next.at);
      return attempts.length > 0 ? deadline : Math.min(deadline, acceptedAt + queueTimeoutMs);
    case "running":
      return Math.min(deadline, state.attempt.dispatchedAt + attemptTimeoutMs);
    case "ended":
      return Infinity;
  }
}

/** What time has brought an execution to. */
export type Due =
  | { readonly kind: "timedOut"; readonly reason: TimeoutReason; readonly message: string }
  /** It has waited long enough before its next attempt. */
  | { readonly kind: "resume"; readonly waitReason: string };

type TimeoutReason = "DEADLINE_EXCEEDED" | "QUEUE_TIMED_OUT" | "ATTEMPT_TIMED_OUT";

/** What is due now, or undefined. A deadline goes before everything else. */
export function whatIsDue(execution: Execution, now: number): Due | undefined {
  const { state, limits } = execution;
  if (state.kind === "ended" || dueAt(execution) > now) return undefined;
  if (limits.deadline <= now) {
    const doing = state.kind === "running" ? "ran" : "waited for a slot";
    return timedOut("DEADLINE_EXCEEDED", `Its deadline passed while it ${doing}.`);
  }
  if (state.kind === "running") {
    return timedOut("ATTEMPT_TIMED_OUT", `The attempt took longer than its ${seconds(limits.attemptTimeoutMs)}.`);
  }
  if (state.next !== undefined) return { kind: "resume", waitReason: state.next.waitReason };
  const why = state.waitReason === "" ? "" : ` (${state.waitReason})`;
  return timedOut("QUEUE_TIMED_OUT", `It had no slot for ${seconds(limits.queueTimeoutMs)}${why}.`);
}

function timedOut(reason: TimeoutReason, message: string): Due {
  return { kind: "timedOut", reason, message };
}

/** A span of time for a person. */
export function seconds(ms: number): string {
  return `${Number((ms / 1_000).toPrecision(3))} s`;
}
