import type { Attempt, AttemptEnd, Execution } from "@hearth/router/core";
import type { PoolsEffect, Replica } from "@hearth/controlplane/core";
import type { SimulatedAgent } from "./simulated-agent.ts";

/** Told what really happens in a simulated cluster, by whom nobody in it is seen. All of it is optional. */
export interface Observer {
  executionAccepted?(execution: Execution, router: string): void;
  executionRejected?(reason: string): void;
  /** It waits for a slot, or until its next attempt may be made. */
  executionWaits?(execution: Execution, router: string): void;
  attemptDispatched?(execution: Execution, attempt: Attempt, router: string): void;
  /** A replica has an attempt that another router had dispatched, and of which this one did not know; it may have ended. */
  attemptFound?(execution: Execution, attempt: Attempt, router: string): void;
  /** An attempt ended, and another one follows. */
  attemptEnded?(execution: Execution, end: AttemptEnd, router: string): void;
  executionEnded?(execution: Execution, end: AttemptEnd, router: string): void;
  /** An end is in its router's journal. */
  endWritten?(executionId: string, router: string): void;
  /** Somebody who asked was told of the end. */
  resultDelivered?(executionId: string, succeeded: boolean): void;
  /** The backlogs of all routers together, after a change. */
  backlogChanged?(executions: number): void;
  /** Attempts that hold a slot, attempts that live, and slots, after something about them changed. */
  agentChanged?(agent: SimulatedAgent): void;
  /** A dispatch got a slot. */
  attemptDispatchTaken?(agent: SimulatedAgent, executionId: string): void;
  /** An attempt is over, however it ended. */
  attemptGone?(agent: SimulatedAgent, executionId: string): void;
  /** An attempt began to work in a replica, and worked to its end. */
  attemptWorked?(agent: SimulatedAgent, executionId: string, attempt: number, what: "began" | "completed"): void;
  /** A parent waits for a slot, or has it back. */
  parentResuming?(agent: SimulatedAgent, executionId: string, what: "waits" | "resumed"): void;
  replicaCreated?(replica: Replica): void;
  /** `unacknowledged`: ends that it had and that no router's journal is known to have. */
  replicaGone?(replicaId: string, unacknowledged: number): void;
  /** What the control plane decided to do, in its own words. */
  controlPlaneDid?(effect: PoolsEffect): void;
}
