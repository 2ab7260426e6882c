import type { AttributesOf, MetricName } from "./metric-names.ts";

export interface Observation<Name extends MetricName> {
  readonly value: number;
  readonly attributes: AttributesOf<Name>;
}

/** Records the metrics of metric-names.ts, and no other. */
export interface Metrics {
  /** Whether anything is recorded. Ask before making attributes where it is hot. */
  readonly on: boolean;
  /** One more of what happened. */
  count<Name extends MetricName<"counter">>(name: Name, attributes: AttributesOf<Name>): void;
  /** How long something took. */
  record<Name extends MetricName<"histogram">>(name: Name, durationMs: number, attributes: AttributesOf<Name>): void;
  /** `observe` is called once per export, never when metrics are off. */
  gauge<Name extends MetricName<"gauge">>(name: Name, observe: () => Iterable<Observation<Name>>): void;
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
  if (!asked || refused) return noMetrics;
  const { startOtlpMetrics } = await import("./otlp-metrics.ts");
  const intervalMs = Number(variables["OTEL_METRIC_EXPORT_INTERVAL"]);
  return startOtlpMetrics(variables["OTEL_SERVICE_NAME"] ?? serviceName, intervalMs > 0 ? intervalMs : 60_000);
}

/** Nobody asked for metrics. */
export const noMetrics: Metrics = {
  on: false,
  count: () => undefined,
  record: () => undefined,
  gauge: () => undefined,
  stop: () => Promise.resolve(),
};
