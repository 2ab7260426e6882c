/** The name and size of a stored payload. */
export interface StoredPayload {
  /** SHA-256 of its bytes, in lower-case hex. */
  readonly sha256: string;
  readonly sizeBytes: number;
}

/** Payloads that are too large to be inline, by their content. */
export interface PayloadStore {
  /**
   * Stores a payload; one that was stored before counts as new again. Throws PAYLOAD_TOO_LARGE, PAYLOAD_STORE_FULL and
   * NATS_UNAVAILABLE.
   */
  put(bytes: Uint8Array): Promise<StoredPayload>;
  /** Throws PAYLOAD_NOT_FOUND and NATS_UNAVAILABLE. */
  get(sha256: string): Promise<Uint8Array>;
  /** All there are, with when they were stored last. */
  list(): Promise<readonly { readonly sha256: string; readonly storedMs: number }[]>;
  /** Removes a payload; one that is not there is left at that. */
  remove(sha256: string): Promise<void>;
}
