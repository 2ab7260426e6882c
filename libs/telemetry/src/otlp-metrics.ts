import { OTLPMetricExporter } from "@opentelemetry/exporter-metrics-otlp-proto";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { MeterProvider, PeriodicExportingMetricReader } from "@opentelemetry/sdk-metrics";
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
  return {
    on: true,
    counter: (name) => meter.createCounter(name),
    histogram: (name) =>
      meter.createHistogram(name, { unit: "ms", advice: { explicitBucketBoundaries: boundariesMs } }),
    gauge: (name, observe) => {
      meter.createObservableGauge(name).addCallback((result) => {
        for (const { value, attributes } of observe()) result.observe(value, attributes);
      });
    },
    stop: () => provider.shutdown(),
  };
}
