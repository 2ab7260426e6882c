import type { Counter, Histogram, ObservableGauge } from "@opentelemetry/api";
import { OTLPMetricExporter } from "@opentelemetry/exporter-metrics-otlp-proto";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { MeterProvider, PeriodicExportingMetricReader } from "@opentelemetry/sdk-metrics";
import { metricDefinitions, type MetricName } from "./metric-names.ts";
import type { Metrics } from "./metrics.ts";

/** From a warm slot's milliseconds to a cold start's minutes. */
const boundariesMs = [1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000, 60_000, 300_000, 900_000];

/** Metrics through OpenTelemetry's SDK; the exporter reads its own standard variables. */
export function startOtlpMetrics(serviceName: string, intervalMs: number): Metrics {
  const reader = new PeriodicExportingMetricReader({
    exporter: new OTLPMetricExporter(),
    exportIntervalMillis: intervalMs,
    exportTimeoutMillis: Math.min(intervalMs, 30_000),
  });
  const provider = new MeterProvider({
    resource: resourceFromAttributes({ "service.name": serviceName, "process.pid": process.pid }),
    readers: [reader],
  });
  const meter = provider.getMeter("hearth");
  const instruments = new Map<MetricName, Counter | Histogram | ObservableGauge>();
  /** The instrument of a metric, made when it is first recorded. */
  function instrument<Instrument extends Counter | Histogram | ObservableGauge>(
    name: MetricName,
    make: (options: { unit: string; description: string }) => Instrument,
  ): Instrument {
    const known = instruments.get(name);
    if (known !== undefined) return known as Instrument;
    const { unit, description } = metricDefinitions[name];
    const made = make({ unit, description });
    instruments.set(name, made);
    return made;
  }
  const advice = { explicitBucketBoundaries: boundariesMs };
  return {
    on: true,
    count: (name, attributes) => instrument(name, (options) => meter.createCounter(name, options)).add(1, attributes),
    record: (name, durationMs, attributes) =>
      instrument(name, (options) => meter.createHistogram(name, { ...options, advice })).record(durationMs, attributes),
    gauge: (name, observe) => {
      instrument(name, (options) => meter.createObservableGauge(name, options)).addCallback((result) => {
        for (const { value, attributes } of observe()) result.observe(value, attributes);
      });
    },
    stop: () => provider.shutdown(),
  };
}
