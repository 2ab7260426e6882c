import type { Policy } from "@hearth/policy";
import type { Observer, SimulatedCluster } from "@hearth/simulation";

/** One rule that a cluster must keep, whatever happens to it. */
export interface Checker {
  /** The rule's name: its file's. */
  readonly name: string;
  /** What it needs to hear of. */
  readonly observer: Observer;
  /** Called once the faults have stopped and the cluster was left alone for longer than anything takes. */
  atRest?(): void;
}

/** What a checker may look at. */
export interface CheckedWorld {
  readonly cluster: SimulatedCluster;
  now(): number;
  /** The policy in force. */
  policy(): Policy;
  /** Whether faults may still happen, or just did. */
  isDisturbed(): boolean;
  /** The rule is broken; `how` says how. */
  report(checker: string, how: string): void;
}

export type NewChecker = (world: CheckedWorld) => Checker;
