/** What a sweep of the object store has to go by. */
export interface SweepState {
  /** The history has everything of the journal up to here. */
  readonly projectedSequence: number;
  /** Where the journal ended at the sweep before. Undefined: this is the first. */
  readonly sequenceBefore: number | undefined;
}

/**
 * Whether the history can say which payloads are named: it has all that was in the journal at the sweep before. Who names a
 * payload has stored it a moment ago, so what is older than the grace period cannot be named by anything newer than that.
 */
export function maySweep({ projectedSequence, sequenceBefore }: SweepState): boolean {
  return sequenceBefore !== undefined && projectedSequence >= sequenceBefore;
}
