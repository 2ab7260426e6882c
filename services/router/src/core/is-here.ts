/** A router's wish to accept an execution, for as long as it asks the others whether they have it. */
export interface Claim {
  /** The execution's idempotency key is, or is about to be, this router's: no other may accept it. */
  isSure: boolean;
  /** Routers that have answered that it is not theirs. */
  readonly yielded: Set<string>;
}

/**
 * Whether a router that is asked for an execution answers that it is here. Of two that would accept it at the same time one has
 * to yield. That is the one that has answered before it began to look itself, and else the one with the higher id: each can
 * tell, as what one router says reaches the other in its order.
 */
export function isHere(asked: {
  readonly knows: boolean;
  readonly claim: Claim | undefined;
  readonly ownId: string;
  readonly askerId: string;
}): boolean {
  const { knows, claim, ownId, askerId } = asked;
  if (knows) return true;
  if (claim === undefined) return false;
  return claim.isSure || claim.yielded.has(askerId) || ownId < askerId;
}
