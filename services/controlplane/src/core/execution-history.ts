/** How an attempt ended, or that it has not. */
export type Outcome = "none" | "succeeded" | "failed" | "timedOut" | "cancelled" | "lost";

export type Phase = "queued" | "running" | "succeeded" | "failed" | "timedOut" | "cancelled";

export interface Failure {
  readonly reason: string;
  readonly message: string;
  readonly exceptionType: string;
  readonly traceback: string;
}

export interface Attempt {
  /** From 1. */
  readonly number: number;
  readonly replicaId: string;
  readonly version: string;
  /** 0 while not known. */
  readonly runnerPid: number;
  /** Whether the execution waited for a replica to start. */
  readonly cold: boolean;
  readonly waitReason: string;
  /** How long it had waited for its slot. */
  readonly waitedMs: number;
  readonly dispatchedMs: number;
  /** 0 while not known. */
  readonly startedMs: number;
  /** 0 before that. */
  readonly endedMs: number;
  readonly outcome: Outcome;
  readonly failure: Failure | undefined;
}

/** A payload in the object store, named by its content. */
export interface StoredPayload {
  readonly sha256: string;
  readonly sizeBytes: number;
}

/** An execution as the history keeps it. */
export interface ExecutionHistory {
  readonly id: string;
  readonly runId: string;
  /** Empty for a root. */
  readonly parentId: string;
  readonly environment: string;
  readonly task: string;
  /** The pool whose slots it runs on. */
  readonly pool: string;
  readonly acceptedMs: number;
  /** 0 before that. */
  readonly endedMs: number;
  readonly outcome: Outcome;
  /** The arguments' and the result's place when they are too large to be inline. */
  readonly storedArguments: StoredPayload | undefined;
  readonly storedResult: StoredPayload | undefined;
  readonly result: Uint8Array | undefined;
  readonly failure: Failure | undefined;
  /** First to last. */
  readonly attempts: readonly Attempt[];
}

/** Where an execution is in its life: read off what happened to it, so that it cannot disagree. */
export function phaseOf({ outcome, attempts }: ExecutionHistory): Phase {
  switch (outcome) {
    case "none":
      return attempts.some((attempt) => attempt.outcome === "none") ? "running" : "queued";
    case "lost":
      return "failed";
    case "succeeded":
    case "failed":
    case "timedOut":
    case "cancelled":
      return outcome;
  }
}
