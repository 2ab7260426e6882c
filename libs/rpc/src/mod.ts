export { openChannel, createClient, type RpcClient } from "./client.ts";
export { callStream } from "./grpc/stream-call.ts";
export { toHearthError } from "./error-status.ts";
export { FrameOutbox } from "./frame-outbox.ts";
export type { CallContext, Handlers } from "./handlers.ts";
export { startGrpcServer, type GrpcServer } from "./server.ts";
export { openedLater } from "./opened-later.ts";
export { service, type MountedService } from "./service.ts";
