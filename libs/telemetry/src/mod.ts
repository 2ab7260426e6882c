export { createLogger, type Logger } from "./logger.ts";
export { startTracing, untraced, type Span, type SpanDescription, type TraceContext, type Tracing } from "./tracing.ts";
export { poolLabel } from "./pool-label.ts";
export { metricDefinitions, type AttributesOf, type MetricName } from "./metric-names.ts";
export { noMetrics, startMetrics, type Metrics, type Observation } from "./metrics.ts";
