import type { Turn } from "./backlog.ts";
import type { Limits } from "./limits.ts";
import type { InLine } from "./line.ts";
import type { Mark } from "./replay-point.ts";

/** How an attempt ended. */
export type Outcome = "succeeded" | "failed" | "timed_out" | "cancelled" | "lost";

/** One try of an execution on one slot. */
export interface Attempt {
  readonly number: number;
  readonly replicaId: string;
  readonly version: string;
  /** Whether the execution waited for this replica to start. */
  readonly cold: boolean;
  /** Why it waited for its slot; empty when it did not. */
  readonly waitReason: string;
  /** How long it waited for its slot. */
  readonly waitedMs: number;
  readonly dispatchedAt: number;
  end: AttemptEnd | undefined;
}

/** What the core needs to know of an attempt's end; `report` is the agent's own message, carried along unread. */
export interface AttemptEnd {
  readonly outcome: Outcome;
  /** The registered reason when it did not succeed, else empty. */
  readonly reason: string;
  readonly message: string;
  /** The class of the user's exception behind it, if there is one. */
  readonly exceptionType?: string;
  /** Size of the result. */
  readonly resultBytes: number;
  /** Other attempts that were in the runner when it died under this one. */
  readonly neighbours: number;
  readonly report?: unknown;
}

/** Where an execution is in its life. Queued and running may alternate; ended is for good. */
export type ExecutionState =
  | {
      readonly kind: "queued";
      readonly since: number;
      readonly waitReason: string;
      /** Until when it does not want a slot yet, and why it waits from then on. */
      readonly next?: { readonly at: number; readonly waitReason: string };
    }
  | { readonly kind: "running"; readonly attempt: Attempt }
  | { readonly kind: "ended"; readonly at: number; readonly end: AttemptEnd };

/** An accepted execution. `request` is the caller's own message, carried along unread. */
export interface Execution extends InLine<Execution> {
  readonly id: string;
  readonly runId: string;
  readonly parentId: string;
  readonly environment: string;
  readonly task: string;
  /** Another one from the moment it is to have a replica of its own. */
  pool: string;
  /** Empty: none. */
  readonly affinityKey: string;
  readonly priority: number;
  readonly idempotencyKey: string;
  readonly acceptedAt: number;
  readonly argumentBytes: number;
  readonly request: unknown;
  readonly limits: Limits;
  /** First to last. */
  attempts: readonly Attempt[];
  /** Its place in the order of turns while it waits, which the backlog alone writes. */
  turn: Turn<Execution> | undefined;
  /** The batch of the journal that says first all that is known of it. Undefined: none does. */
  mark: Mark | undefined;
  /** The record of the journal that says that it was accepted, carried along unread. Undefined: it was carried over, or is one of too many. */
  accepted: unknown;
  /** The record of its last dispatch, which may be the same, carried along unread. */
  dispatched: unknown;
  /** Who wants to hear of it, carried along unread. */
  audience: unknown;
  /** Somebody asked for its end while it ran: no other attempt follows. */
  isCancelled: boolean;
  state: ExecutionState;
}

/** What is written on an execution in the course of its life, before anything is. */
export const untouched = {
  ...{ line: undefined, before: undefined, after: undefined, turn: undefined, mark: undefined },
  ...{ accepted: undefined, dispatched: undefined, audience: undefined, isCancelled: false },
} as const;

/** The bytes of its arguments, and of its result once it has one. */
export function payloadBytesOf({ argumentBytes, state }: Execution): number {
  return argumentBytes + (state.kind === "ended" ? state.end.resultBytes : 0);
}

/** Another attempt of it begins. A list that grows has room for seventeen more, and most have one for good. */
export function addAttempt(execution: Execution, attempt: Attempt): void {
  const { attempts } = execution;
  execution.attempts = attempts.length === 0 ? [attempt] : [...attempts, attempt];
}
