import { metricDefinitions } from "@hearth/telemetry";
import { expect, test } from "vitest";
import { startDev } from "./support/dev.ts";
import { startOtlpCollector, type CollectedMetric } from "./support/otlp-collector.ts";
import { deploy, languages } from "./support/programs.ts";

const [language] = languages;

test("a cold run is in the metrics of the router and the control plane, which have no attribute beyond the listed ones", async () => {
  await using collector = await startOtlpCollector();
  await using dev = await startDev({
    variables: { OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint, OTEL_METRIC_EXPORT_INTERVAL: "200" },
  });
  await deploy(dev, language.file);
  const said = (): readonly string[] => collector.metrics.map(({ service, name }) => `${service} ${name}`);
  for (const metric of [
    ...["hearth-router hearth.execution.wait", "hearth-router hearth.execution.duration"],
    ...["hearth-controlplane hearth.replica.starts", "hearth-controlplane hearth.replica.start_up"],
    ...["hearth-controlplane hearth.pool.replicas", "hearth-controlplane hearth.pool.desired"],
  ]) {
    await expect.poll(said, { timeout: 20_000 }).toContain(metric);
  }
  expect(attributesOf(collector.metrics, "hearth.execution.wait")).toContain("hearth.start=cold");
  expect(attributesOf(collector.metrics, "hearth.execution.duration")).toContain("hearth.outcome=succeeded");
  for (const [name, { attributes }] of Object.entries(metricDefinitions)) {
    const keys = new Set(attributesOf(collector.metrics, name).map((pair) => pair.split("=")[0]));
    expect([...attributes], name).toEqual(expect.arrayContaining([...keys]));
  }
});

function attributesOf(metrics: readonly CollectedMetric[], name: string): readonly string[] {
  return metrics.flatMap((metric) => (metric.name === name ? metric.attributes : []));
}
