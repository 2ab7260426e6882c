import type { Peer } from "./peers/peer.ts";
import type { Row } from "./row.ts";

/** How much is measured. */
export interface Effort {
  /** Rounds of everything that is compared; in each, one is measured after the other. */
  readonly rounds: number;
  /** Before each measurement, not counted. */
  readonly warmUpMs: number;
  /** Length of each measurement. */
  readonly measureMs: number;
  /** Divides the big numbers (replicas, executions in a backlog); 1 but in tests. */
  readonly smaller: number;
}

export interface Bench {
  readonly effort: Effort;
  /** The peers that run, started; empty when nobody asked for them. */
  readonly peers: readonly Peer[];
  /** Says what is going on. */
  say(text: string): void;
}

export interface PartResult {
  readonly rows: readonly Row[];
  /** Everything measured, for the JSON document. */
  readonly figures: unknown;
  /** A drawing, as SVG. */
  readonly plot?: string;
}

/** One part of the suite: what `--only` names. */
export interface Part {
  readonly name: string;
  readonly about: string;
  readonly run: (bench: Bench) => Promise<PartResult>;
}
