/** Small ones lie side by side in pieces of this size: one that is kept for long keeps no more than that of its neighbours. */
const pieceBytes = 4_096;
/** Larger ones have memory of their own. */
const smallMax = 1_024;

/**
 * Copies of bytes that are kept while what they came in is not. A hundred bytes with memory of their own would cost four times
 * as much in the runtime's own records.
 */
export class KeptBytes {
  #piece = new Uint8Array(0);
  #used = 0;

  copy(bytes: Uint8Array): Uint8Array {
    if (bytes.length > smallMax) return new Uint8Array(bytes);
    if (this.#used + bytes.length > this.#piece.length) {
      this.#piece = new Uint8Array(pieceBytes);
      this.#used = 0;
    }
    const copy = this.#piece.subarray(this.#used, (this.#used += bytes.length));
    copy.set(bytes);
    return copy;
  }
}
