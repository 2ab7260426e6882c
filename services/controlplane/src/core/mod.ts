/** How the control plane decides over pools, for whoever runs it without a control plane around it: a simulation. */
export * from "./pools-machine.ts";
export type { PoolDemand, RouterReport } from "./demand-board.ts";
export type { Environment, EnvironmentSpec, EnvironmentVersion } from "./environment.ts";
export type { ReplicaLimits } from "./find-overdue.ts";
export type { PoolView } from "./pool-view.ts";
export type { Announced, EndCause, Replica, ReplicaEvent, StartCause } from "./replica.ts";
