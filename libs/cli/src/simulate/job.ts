import type { Policy } from "@hearth/policy";
import type { Courses, Figures } from "@hearth/simulation/report";
import type { Durations, SyntheticWorkload } from "@hearth/simulation/workload";

/** Where the executions come from. */
export type WorkloadChoice =
  | { readonly kind: "synthetic"; readonly workload: SyntheticWorkload }
  | { readonly kind: "trace"; readonly path: string };

/** One policy to simulate. */
export interface Job {
  readonly policy: Policy;
  readonly workload: WorkloadChoice;
  /** From a replica's start until it is ready. */
  readonly startUp: Durations;
  readonly routers: number;
  readonly seed: number;
  /** Executions without a slot that one router takes for one pool. */
  readonly backlogMax: number;
  /** Goes on until the last replica is gone. Else it ends with the last execution, not before the workload is over. */
  readonly untilAsleep: boolean;
}

/** How far one has come. */
export interface Progress {
  /** 0 to 1. Undefined: nobody knows how much there is. */
  readonly share: number | undefined;
  readonly executions: number;
  readonly simulatedMs: number;
}

/** What it came to. */
export interface JobResult {
  readonly figures: Figures;
  readonly courses: Courses;
  /** It was stopped before its end. */
  readonly partial: boolean;
  readonly wallMs: number;
}
