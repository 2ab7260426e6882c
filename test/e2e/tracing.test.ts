import { expect, test } from "vitest";
import { startDev } from "./support/dev.ts";
import { startOtlpCollector, type CollectedSpan } from "./support/otlp-collector.ts";
import { deploy, languages } from "./support/programs.ts";

test.each(languages)("a $language run is one trace through control plane, router and agent", async ({ file }) => {
  await using collector = await startOtlpCollector();
  await using dev = await startDev({
    // Spans leave at once instead of every five seconds.
    variables: { OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint, OTEL_BSP_SCHEDULE_DELAY: "100" },
  });
  await deploy(dev, file);
  const services = (): ReadonlySet<string> => servicesOfWidestTrace(collector.spans);
  await expect
    .poll(services, { timeout: 20_000 })
    .toEqual(new Set(["hearth-controlplane", "hearth-router", "hearth-agent"]));
});

/** The services of the trace that the most services took part in. */
function servicesOfWidestTrace(spans: readonly CollectedSpan[]): ReadonlySet<string> {
  const byTrace = Map.groupBy(spans, ({ traceId }) => traceId);
  const sets = [...byTrace.values()].map((trace) => new Set(trace.map(({ service }) => service)));
  return sets.reduce((widest, set) => (set.size > widest.size ? set : widest), new Set<string>());
}
