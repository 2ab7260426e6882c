/** The journal as it stands. */
export interface JournalState {
  readonly bytes: number;
  readonly firstSequence: number;
  readonly lastSequence: number;
  /** The history has everything up to here. */
  readonly projectedSequence: number;
  /** Who takes over from a router needs everything from here on. Undefined: there is no router. */
  readonly neededSequence: number | undefined;
}

/**
 * Before which sequence the journal is cut, or undefined: so that about `keptBytes` are left, and never what the history does
 * not have yet or what a takeover needs.
 */
export function decideTrim(state: JournalState, keptBytes: number): number | undefined {
  const { bytes, firstSequence, lastSequence, projectedSequence, neededSequence } = state;
  if (bytes <= keptBytes) return undefined;
  const messages = lastSequence - firstSequence + 1;
  const surplus = Math.floor((messages * (bytes - keptBytes)) / bytes);
  const before = Math.min(firstSequence + surplus, projectedSequence + 1, neededSequence ?? Infinity);
  return before > firstSequence ? before : undefined;
}
