export { inlineBytesMax, payloadBytesMax } from "./bounds.ts";
export { natsPayloadStore } from "./nats-payload-store.ts";
export { isSha256, payloadHandlers } from "./payload-service.ts";
export type { KeptPayload, PayloadStore, StoredPayload } from "./payload-store.ts";
