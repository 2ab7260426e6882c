export { connectBus, type Bus } from "./connect-bus.ts";
export { ensureStreams } from "./ensure-streams.ts";
export { insist, requestTimeoutMs } from "./insist.ts";
export { buckets, streams, subjects } from "./subjects.ts";
