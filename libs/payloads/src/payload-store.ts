/** The name and size of a stored payload. */
export interface StoredPayload {
  /** SHA-256 of its bytes, in lower-case hex. */
  readonly sha256: string;
  readonly sizeBytes: number;
}

/** A payload that is in the store. */
export interface KeptPayload {
  readonly sha256: string;
  /** When it was stored last: milliseconds since 1970. */
  readonly storedMs: number;
  /** What was stored later has a higher one. */
  readonly sequence: number;
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
  list(): Promise<readonly KeptPayload[]>;
  /** Removes a payload, unless it was stored again since it was listed. */
  remove(listed: KeptPayload): Promise<void>;
}
