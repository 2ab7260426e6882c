export { FrameDecoder, ProtocolError } from "./frame-decoder.ts";
export { encodeFrame } from "./encode-frame.ts";
export { FrameSocket } from "./frame-socket.ts";
export type { Frame, FrameKind, WireFailure, WireOutcome } from "./frames.ts";
export { attemptOutputBytesMax, waitingOutputBytesMax } from "./output-bounds.ts";
