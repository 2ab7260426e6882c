/** One execution that is asked for at a moment of virtual time. */
export interface Arrival {
  /** Since the start of the simulation. */
  readonly atMs: number;
  /** How long its task works, once it has a slot. */
  readonly durationMs: number;
  /** The run it belongs to; matters to policies with the scope `run`. Undefined: a run of its own. */
  readonly run: string | undefined;
  readonly affinityKey: string | undefined;
  /** Higher goes first. */
  readonly priority: number;
}

/** What is asked of an environment, in the order of time. Each walk through it gives the same arrivals. */
export type Workload = Iterable<Arrival>;

/** A number from 0, up to and without 1. */
export type Chance = () => number;
