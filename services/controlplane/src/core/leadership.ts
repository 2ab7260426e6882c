/** A leader renews its lease this often. */
export const renewEveryMs = 1_000;
/** One whose lease was not renewed for this long, by the clock of who watches, leads no more. */
export const silentAfterMs = 5_000;
/** A leader acts for this long after it last knew that it leads: less than others wait before they take its place. */
export const actsForMs = 4_000;

/** The lease as it was read. */
export interface Lease {
  /** Grows with each renewal. */
  readonly revision: number;
  /** The process that has it. Empty: it was given up. */
  readonly holderId: string;
  /** Where that process listens: host name and port. Empty: not known before it listens. */
  readonly holderPlace: string;
}

/** What a control plane that does not lead knows. */
export interface Standby {
  /** Where it would listen itself. */
  readonly place: string;
  readonly lease: Lease | undefined;
  /** Since when the lease has had this revision, by this process's clock. */
  readonly seenAt: number;
}

/** Whether a standby takes the lease now, and why it waits if not. */
export type LeadershipDecision = { readonly kind: "take"; readonly reason: string } | { readonly kind: "wait" };

export function decideLeadership({ place, lease, seenAt }: Standby, now: number): LeadershipDecision {
  if (lease === undefined) return { kind: "take", reason: "nobody has led before" };
  if (lease.holderId === "") return { kind: "take", reason: "the one before has left" };
  // Two processes cannot listen at one place: the other is gone.
  if (place !== "" && lease.holderPlace === place)
    return { kind: "take", reason: "it takes the place of one that died" };
  const silentMs = now - seenAt;
  if (silentMs >= silentAfterMs) return { kind: "take", reason: `the one before was silent for ${silentMs} ms` };
  return { kind: "wait" };
}

/** Whether a leader may act: nobody can have taken its place since `confirmedAt`. */
export function mayAct(confirmedAt: number, now: number): boolean {
  return now - confirmedAt < actsForMs;
}
