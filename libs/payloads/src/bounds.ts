/** Bound of a payload that travels inside of messages. Larger ones go through the object store. */
export const inlineBytesMax = 4 * 1024 * 1024;

/** Bound of a payload in the object store, and so of any. */
export const payloadBytesMax = 64 * 1024 * 1024;
