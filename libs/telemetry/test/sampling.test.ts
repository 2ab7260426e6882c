import { expect, test } from "vitest";
import { startTracing, untraced } from "../src/mod.ts";

const endpoint = "http://127.0.0.1:9";
const sampledParent = { ...untraced, traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01" };

/** How many of so many spans are sampled, by the last letter of their flags. */
async function sampled(variables: Record<string, string>, parent = untraced, count = 1_000): Promise<number> {
  const tracing = await startTracing("test", { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, ...variables });
  const spans = Array.from({ length: count }, () =>
    tracing.start(parent, (name) => ({ name, kind: "internal" }), "span"),
  );
  // They do not end, so that nothing is sent to a collector that is not there.
  await tracing.stop();
  return spans.filter(({ context }) => context.traceparent.endsWith("1")).length;
}

test.each([
  [{}, 1_000],
  [{ OTEL_TRACES_SAMPLER: "always_off" }, 0],
  [{ OTEL_TRACES_SAMPLER: "parentbased_always_off" }, 0],
  [{ OTEL_TRACES_SAMPLER: "traceidratio", OTEL_TRACES_SAMPLER_ARG: "0" }, 0],
  [{ OTEL_TRACES_SAMPLER: "traceidratio", OTEL_TRACES_SAMPLER_ARG: "many" }, 1_000],
  [{ OTEL_TRACES_SAMPLER: "jaeger_remote" }, 1_000],
])("new traces are sampled as %j says", async (variables, expected) => expect(await sampled(variables)).toBe(expected));

test("a share of traces is about that share", async () => {
  const share = await sampled({ OTEL_TRACES_SAMPLER: "parentbased_traceidratio", OTEL_TRACES_SAMPLER_ARG: "0.1" });
  expect(share).toBeGreaterThan(20);
  expect(share).toBeLessThan(300);
});

test("what continues a sampled trace is sampled, unless the parent does not count", async () => {
  const ratio = { OTEL_TRACES_SAMPLER_ARG: "0" };
  expect(await sampled({ ...ratio, OTEL_TRACES_SAMPLER: "parentbased_traceidratio" }, sampledParent, 10)).toBe(10);
  expect(await sampled({ ...ratio, OTEL_TRACES_SAMPLER: "traceidratio" }, sampledParent, 10)).toBe(0);
});

test("by a ratio those traces are sampled whose last 56 bits are at or above the threshold", async () => {
  const variables = { OTEL_TRACES_SAMPLER: "traceidratio", OTEL_TRACES_SAMPLER_ARG: "0.25" };
  const parent = (last: string) => ({ ...untraced, traceparent: `00-0af7651916cd43dd84${last}-b7ad6b7169203331-01` });
  expect(await sampled(variables, parent("bfffffffffffff"), 1)).toBe(0);
  expect(await sampled(variables, parent("c0000000000000"), 1)).toBe(1);
});
