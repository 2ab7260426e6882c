/** A router that was not heard of for this long is gone, and what it had is taken over. Routers report every second. */
export const silentAfterMs = 5_000;

interface Peer {
  readonly address: string;
  heardAt: number;
  isLeaving: boolean;
}

/** The other routers whose journals are open, and when each was last heard of. */
export class PeerRouters {
  readonly #peers = new Map<string, Peer>();
  /** Everyone whose journal is open. */
  ids(): readonly string[] {
    return [...this.#peers.keys()];
  }

  has(routerId: string): boolean {
    return this.#peers.has(routerId);
  }

  /** Its journal is open. From now on it is expected to be heard of. */
  found(routerId: string, address: string, now: number): void {
    if (!this.#peers.has(routerId)) this.#peers.set(routerId, { address, heardAt: now, isLeaving: false });
  }

  /** It reported. */
  heard(routerId: string, address: string, isLeaving: boolean, now: number): void {
    this.found(routerId, address, now);
    const peer = this.#peers.get(routerId);
    if (peer !== undefined) Object.assign(peer, { heardAt: now, isLeaving });
  }

  /** Nobody could be heard until now, so silence before that means nothing. */
  listenAnew(now: number): void {
    for (const peer of this.#peers.values()) peer.heardAt = now;
  }

  /** Its journal is closed. */
  closed(routerId: string): void {
    this.#peers.delete(routerId);
  }

  /** Those who are gone: also who was to be reached at this router's own address, where two cannot listen. */
  gone(ownAddress: string, now: number): readonly string[] {
    return [...this.#peers]
      .filter(([, { address, heardAt, isLeaving }]) => {
        return isLeaving || address === ownAddress || heardAt + silentAfterMs <= now;
      })
      .map(([routerId]) => routerId);
  }
}
