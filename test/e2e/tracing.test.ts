import { expect, test } from "vitest";
import { startDev } from "./support/dev.ts";
import { startOtlpCollector, type CollectedSpan } from "./support/otlp-collector.ts";
import { deploy, languages, programFile } from "./support/programs.ts";

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

test.each(["traced.py", "traced.ts"])(
  "of a trace that is not sampled %s is told so, and what it calls",
  async (file) => {
    await using collector = await startOtlpCollector();
    await using dev = await startDev({
      variables: { OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint, OTEL_TRACES_SAMPLER: "parentbased_always_off" },
    });
    const { code, stdout } = await dev.hearth("run", "--json", programFile(file), "family");
    expect(code).toBe(0);
    const { result } = JSON.parse(stdout) as { readonly result: readonly string[] };
    for (const traceparent of result) expect(traceparent).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/);
    // What was recorded would leave now.
    await dev.stop();
    expect(collector.spans).toEqual([]);
  },
);

/** The services of the trace that the most services took part in. */
function servicesOfWidestTrace(spans: readonly CollectedSpan[]): ReadonlySet<string> {
  const byTrace = Map.groupBy(spans, ({ traceId }) => traceId);
  const sets = [...byTrace.values()].map((trace) => new Set(trace.map(({ service }) => service)));
  return sets.reduce((widest, set) => (set.size > widest.size ? set : widest), new Set<string>());
}
