export { createLogger, type Logger } from "./logger.ts";
export { startTracing, type Span, type TraceContext, type Tracing } from "./tracing.ts";
export { poolLabel } from "./pool-label.ts";
