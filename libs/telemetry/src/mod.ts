export { createLogger, type Logger } from "./logger.ts";
export { startTracing, type Span, type TraceContext, type Tracing } from "./tracing.ts";
export { poolLabel } from "./pool-label.ts";
export {
  startMetrics,
  type Counter,
  type Histogram,
  type MetricAttributes,
  type Metrics,
  type Observation,
} from "./metrics.ts";
