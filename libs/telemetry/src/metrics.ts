export type MetricAttributes = Readonly<Record<string, string>>;

/** Counts what happened. */
export interface Counter {
  add(count: number, attributes: MetricAttributes): void;
}

/** How long things took, in milliseconds. */
export interface Histogram {
  record(durationMs: number, attributes: MetricAttributes): void;
}

export interface Observation {
  readonly value: number;
  readonly attributes: MetricAttributes;
}

export interface Metrics {
  /** Whether anything is recorded. Ask before building attributes where it is hot. */
  readonly on: boolean;
  counter(name: string): Counter;
  histogram(name: string): Histogram;
  /** `observe` is called once per export, never when metrics are off. */
  gauge(name: string, observe: () => Iterable<Observation>): void;
  /** Sends what is recorded and ends the exports. */
  stop(): Promise<void>;
}

/**
 * Metrics by OTLP when the standard variables ask for them (OTEL_EXPORTER_OTLP_ENDPOINT or
 * OTEL_EXPORTER_OTLP_METRICS_ENDPOINT, unless OTEL_SDK_DISABLED is true or OTEL_METRICS_EXPORTER is none), every
 * OTEL_METRIC_EXPORT_INTERVAL milliseconds (default 60000). Otherwise OpenTelemetry is not even loaded.
 */
export async function startMetrics(serviceName: string, variables: NodeJS.ProcessEnv): Promise<Metrics> {
  const asked = variables["OTEL_EXPORTER_OTLP_ENDPOINT"] ?? variables["OTEL_EXPORTER_OTLP_METRICS_ENDPOINT"];
  const refused = variables["OTEL_SDK_DISABLED"] === "true" || variables["OTEL_METRICS_EXPORTER"] === "none";
  if (!asked || refused) return notMeasuring;
  const { startOtlpMetrics } = await import("./otlp-metrics.ts");
  const intervalMs = Number(variables["OTEL_METRIC_EXPORT_INTERVAL"]);
  return startOtlpMetrics(variables["OTEL_SERVICE_NAME"] ?? serviceName, intervalMs > 0 ? intervalMs : 60_000);
}

const notCounting: Counter = { add: () => undefined };
const notRecording: Histogram = { record: () => undefined };
const notMeasuring: Metrics = {
  on: false,
  counter: () => notCounting,
  histogram: () => notRecording,
  gauge: () => undefined,
  stop: () => Promise.resolve(),
};
