import type { Stretch } from "./level-over-time.ts";
import type { DistributionPoint, Spread } from "./quantiles.ts";

/** What a user of a policy would have got, in figures. A second of a replica or slot counts from its start to its end. */
export interface Figures {
  /** Executions that ended. */
  readonly executions: number;
  readonly succeeded: number;
  /** Executions that the bound on the backlog turned away. */
  readonly rejected: number;
  /** Executions that had neither ended nor been turned away when the simulation stopped. */
  readonly unfinished: number;
  /** Executions whose replica became ready after they had come. */
  readonly cold: number;
  /** `cold` as a share of `executions`, 0 to 1. */
  readonly coldShare: number;
  /** From an execution's arrival to its first slot. */
  readonly waitingMs: Spread;
  /** From an execution's arrival to its end. */
  readonly latencyMs: Spread;
  readonly replicaSeconds: number;
  /** Those in which a replica had no live attempt: it was starting, idle or about to end. */
  readonly idleReplicaSeconds: number;
  readonly slotSeconds: number;
  readonly busySlotSeconds: number;
  /** Busy slot-seconds as a share of all slot-seconds, 0 to 1. */
  readonly utilisation: number;
  readonly replicasMax: number;
  readonly replicasMean: number;
  readonly backlogMax: number;
  /** Replicas that were started, by cause. */
  readonly starts: Readonly<Record<string, number>>;
  /** Replicas that ended, by cause. */
  readonly ends: Readonly<Record<string, number>>;
  readonly simulatedMs: number;
}

/** What the plots draw. */
export interface Courses {
  readonly replicas: readonly Stretch[];
  readonly busySlots: readonly Stretch[];
  readonly backlog: readonly Stretch[];
  /** The distribution of the waiting time, in milliseconds. */
  readonly waiting: readonly DistributionPoint[];
}
