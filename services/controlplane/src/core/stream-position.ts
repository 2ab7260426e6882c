/** Up to where a stream was read: this record is the last one. */
export interface StreamPosition {
  /** The record's number in its stream. 0: nothing was read. */
  readonly sequence: number;
  /** When the record was stored. It tells the record from another of the same number, in a stream that was lost and made anew. */
  readonly storedMs: number;
}

/** Of a stream that was never read. */
export const unread: StreamPosition = { sequence: 0, storedMs: 0 };

/** Who writes what some records say has read them from one position to the next. */
export interface PositionMove {
  readonly stream: string;
  readonly from: StreamPosition;
  readonly to: StreamPosition;
}

/** A stream as it is now. */
export interface StreamView {
  readonly createdMs: number;
  readonly lastSequence: number;
  /** When its record of the position's number was stored. Undefined: it has none, or no more. */
  readonly storedMs: number | undefined;
}

/** Whether reading goes on behind a position, or begins at the first record that there is, and why. */
export type StartDecision = { readonly kind: "goOn" } | { readonly kind: "beginAnew"; readonly reason: string };

/**
 * A position is of no use in a stream that is not the one that was read: its data was lost, or the last of it, and others have
 * written since. Everything in it is read then; records that are known change nothing.
 */
export function decideStart(position: StreamPosition, stream: StreamView): StartDecision {
  const { sequence, storedMs } = position;
  if (sequence === 0) return { kind: "goOn" };
  if (stream.lastSequence < sequence)
    return { kind: "beginAnew", reason: `the stream ends at ${stream.lastSequence}, and was read up to ${sequence}` };
  if (stream.storedMs === undefined) {
    if (stream.createdMs <= storedMs) return { kind: "goOn" };
    return { kind: "beginAnew", reason: "the stream was made after the last record that was read" };
  }
  if (stream.storedMs === storedMs) return { kind: "goOn" };
  return { kind: "beginAnew", reason: `record ${sequence} is another one than was read` };
}
