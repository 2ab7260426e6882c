export { connectBus, type Bus } from "./connect-bus.ts";
export { ensureStreams } from "./ensure-streams.ts";
export { insist, requestTimeoutMs } from "./insist.ts";
export { readStored, type StoredMessage } from "./read-stored.ts";
export { buckets, keyOf, objectOf, streams, subjects } from "./subjects.ts";
