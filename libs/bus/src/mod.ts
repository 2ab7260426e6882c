export { connectBus, type Bus } from "./connect-bus.ts";
export { buckets, streams, subjects } from "./subjects.ts";
