import { registry } from "./registry.ts";

/** The attempt whose code asks. */
export interface Current {
  readonly executionId: string;
  /** The id of the run's root execution. */
  readonly run: string;
  /** From 1. */
  readonly attempt: number;
  readonly replicaId: string;
  readonly environment: string;
  readonly task: string;
  /** When the execution, and all that it calls, ends at the latest. Undefined: no such time. */
  readonly deadline: Date | undefined;
  /** W3C trace context; empty when not traced. */
  readonly traceparent: string;
  readonly tracestate: string;
  /** Aborted when the attempt is asked to end. */
  readonly signal: AbortSignal;
}

/** The attempt this code runs in, or `undefined` outside of a runner. */
export function current(): Current | undefined {
  return registry().host?.current();
}
