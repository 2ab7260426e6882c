import { SpanKind, SpanStatusCode } from "@opentelemetry/api";
import { InMemorySpanExporter, type ReadableSpan } from "@opentelemetry/sdk-trace";
import { expect, test, vi } from "vitest";
import { startOtlpTracing } from "../src/otlp-tracing.ts";
import { untraced, type Span, type SpanDescription, type TraceContext, type Tracing } from "../src/mod.ts";

const traceId = "0af7651916cd43dd8448eb211c80319c";
const spanId = "b7ad6b7169203331";
const sampledParent = { ...untraced, traceparent: `00-${traceId}-${spanId}-01` };
const unsampledParent = { ...untraced, traceparent: `00-${traceId}-${spanId}-00`, tracestate: "vendor=value" };
const unsampled = { ...untraced, unsampled: true };
const unsampledTrace = /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-00$/;

/** Traces as the variables say, and keeps what would be exported. */
function startCollected(
  sampler?: string,
  ratio?: number,
): { tracing: Tracing; exported: () => readonly ReadableSpan[] } {
  const exporter = new KeepingExporter();
  const variables = { OTEL_TRACES_SAMPLER: sampler, OTEL_TRACES_SAMPLER_ARG: ratio?.toString() };
  return {
    tracing: startOtlpTracing("test", variables, exporter),
    exported: () => exporter.getFinishedSpans(),
  };
}

/** Its superclass forgets all when tracing stops. */
class KeepingExporter extends InMemorySpanExporter {
  override shutdown(): Promise<void> {
    return Promise.resolve();
  }
}

function start(tracing: Tracing, name: string, parent: TraceContext, more: Partial<SpanDescription> = {}): Span {
  return tracing.start(parent, (kind) => ({ name, kind, ...more }), "internal" as const);
}

const isSampled = ({ traceparent }: { readonly traceparent: string }): boolean => traceparent.endsWith("-01");
const traceOf = ({ traceparent }: { readonly traceparent: string }): string => traceparent.slice(3, 35);

test("a sampled span is exported with its name, kind, attributes, times, parent and error", async () => {
  const { tracing, exported } = startCollected("parentbased_traceidratio", 0.01);
  const [startMs, endMs] = [1_700_000_000_000, 1_700_000_000_250];
  const attributes = { "hearth.execution": "id", "hearth.attempt": 2 };
  const span = start(tracing, "execute noop", sampledParent, { kind: "server", startMs, attributes });
  span.setAttribute("hearth.run", "run");
  span.end({ error: "TIMED_OUT", endMs });
  await tracing.stop();
  expect(exported()).toMatchObject([
    {
      name: "execute noop",
      kind: SpanKind.SERVER,
      attributes: { ...attributes, "hearth.run": "run" },
      startTime: [1_700_000_000, 0],
      endTime: [1_700_000_000, 250_000_000],
      parentSpanContext: { traceId, spanId, traceFlags: 1, isRemote: true },
      status: { code: SpanStatusCode.ERROR, message: "TIMED_OUT" },
      resource: { attributes: { "service.name": "test", "process.pid": process.pid } },
      instrumentationScope: { name: "hearth" },
    },
  ]);
});

test("a sampled span that begins a trace is without parent, attributes or error, unless it says otherwise", async () => {
  const { tracing, exported } = startCollected();
  start(tracing, "run", untraced).end();
  await tracing.stop();
  const [span] = exported();
  expect(span).toMatchObject({ kind: SpanKind.INTERNAL, attributes: {}, status: { code: SpanStatusCode.UNSET } });
  expect(span?.parentSpanContext).toBeUndefined();
});

test("the context of a sampled span names the span that is exported", async () => {
  const { tracing, exported } = startCollected();
  const spans = [start(tracing, "new", untraced), start(tracing, "continued", sampledParent)];
  spans.forEach((span) => span.end());
  await tracing.stop();
  const ids = exported().map((span) => span.spanContext());
  expect(spans.map(({ context }) => context.traceparent)).toEqual(ids.map((id) => `00-${id.traceId}-${id.spanId}-01`));
});

test("a sampled span hands on what its vendors put into the trace's state", () => {
  const tracestate = "vendor=value,other=1";
  const { tracing } = startCollected();
  expect(start(tracing, "task", { ...sampledParent, tracestate }).context.tracestate).toBe(tracestate);
});

test("what is sampled in one process is continued by the next in the same trace", async () => {
  const router = startCollected("parentbased_traceidratio", 0.5);
  const agent = startCollected("parentbased_traceidratio", 0.5);
  for (let count = 0; count < 1_000; count++) {
    const execution = start(router.tracing, "execute", untraced);
    start(agent.tracing, "task", execution.context).end();
    execution.end();
  }
  await Promise.all([router.tracing.stop(), agent.tracing.stop()]);
  const executions = router.exported().map((span) => span.spanContext());
  const tasks = agent.exported();
  expect(executions.length).toBeGreaterThan(0);
  expect(tasks.map((task) => task.spanContext().traceId)).toEqual(executions.map(({ traceId }) => traceId));
  expect(tasks.map((task) => task.parentSpanContext?.spanId)).toEqual(executions.map(({ spanId }) => spanId));
});

test.each(["parentbased_traceidratio", "traceidratio"])("of new traces %s samples the ratio's share", (sampler) => {
  const { tracing } = startCollected(sampler, 0.01);
  const spans = Array.from({ length: 40_000 }, () => start(tracing, "execute", untraced));
  const share = spans.filter(({ context }) => isSampled(context)).length;
  // 400 with a standard deviation of 20: six of them are missed once in 500 million times.
  expect(Math.abs(share - 400)).toBeLessThan(120);
});

test("a new trace that is not sampled says so, and has no ids where the next process follows its parent", () => {
  const { tracing } = startCollected("parentbased_traceidratio", 0);
  expect(start(tracing, "execute", untraced).context).toEqual(unsampled);
});

test("what is not sampled and has no ids goes on like that", () => {
  for (const sampler of ["parentbased_traceidratio", "parentbased_always_on", "parentbased_always_off"]) {
    expect(start(startCollected(sampler, 1).tracing, "task", unsampled).context).toEqual(unsampled);
  }
});

test("a new trace that is not sampled has ids of its own where the next process does not ask the parent", () => {
  const { tracing } = startCollected("traceidratio", 0);
  const contexts = Array.from({ length: 1_000 }, () => start(tracing, "execute", untraced).context);
  for (const { traceparent } of contexts) expect(traceparent).toMatch(unsampledTrace);
  expect(new Set(contexts.map(traceOf)).size).toBe(1_000);
  expect(new Set(contexts.map(({ traceparent }) => traceparent.slice(36, 52))).size).toBe(1_000);
});

test.each([
  ["traceidratio", 0],
  ["parentbased_traceidratio", 1],
])("every bit of a new trace's ids is set in half of them, with %s of %d", (sampler, ratio) => {
  const { tracing } = startCollected(sampler, ratio);
  const counts = new Array<number>(192).fill(0);
  for (let drawn = 0; drawn < 4_000; drawn++) {
    const { traceparent } = start(tracing, "execute", untraced).context;
    const ids = BigInt(`0x${traceparent.slice(3, 35)}${traceparent.slice(36, 52)}`);
    for (let bit = 0; bit < 192; bit++) counts[bit]! += Number((ids >> BigInt(bit)) & 1n);
  }
  // 2,000 with a standard deviation of 32: seven of them.
  for (const count of counts) expect(Math.abs(count - 2_000)).toBeLessThan(224);
});

test.each(["parentbased_traceidratio", "parentbased_always_on", "parentbased_always_off", "always_off"])(
  "with %s the context of a parent that is not sampled is passed on as it is",
  (sampler) => {
    const { tracing } = startCollected(sampler, 1);
    expect(start(tracing, "task", unsampledParent).context).toBe(unsampledParent);
  },
);

test("a parent is sampled by the one bit of its flags that says so", () => {
  const { tracing } = startCollected("parentbased_always_off");
  const sampled = Array.from({ length: 256 }, (_, flags) => flags).filter((flags) => {
    const traceparent = `00-${traceId}-${spanId}-${flags.toString(16).padStart(2, "0")}`;
    return isSampled(start(tracing, "task", { ...untraced, traceparent }).context);
  });
  expect(sampled).toEqual(Array.from({ length: 128 }, (_, half) => 2 * half + 1));
});

test("always_on records everything, also below a parent that is not sampled", async () => {
  const { tracing, exported } = startCollected("always_on");
  for (const parent of [untraced, unsampled, sampledParent, unsampledParent]) start(tracing, "task", parent).end();
  await tracing.stop();
  const parents = exported().map((span) => span.parentSpanContext?.traceId);
  expect(parents).toEqual([undefined, undefined, traceId, traceId]);
});

test("a sampler that does not ask the parent ends the sampling of its trace under a new id", () => {
  const { tracing } = startCollected("traceidratio", 0);
  const { context } = start(tracing, "task", sampledParent);
  expect(context.traceparent).toMatch(unsampledTrace);
  expect(traceOf(context)).toBe(traceId);
  expect(context.traceparent).not.toContain(spanId);
});

test("a sampler that does not ask the parent decides by the trace id alone, the same in every process", () => {
  const [router, agent] = [startCollected("traceidratio", 0.5), startCollected("traceidratio", 0.5)];
  for (let count = 0; count < 1_000; count++) {
    const execution = start(router.tracing, "execute", untraced).context;
    const task = start(agent.tracing, "task", execution).context;
    expect([traceOf(task), isSampled(task)]).toEqual([traceOf(execution), isSampled(execution)]);
  }
});

test.each([
  ["no text", ""],
  ["another version", `01-${traceId}-${spanId}-00`],
  ["capital letters", `00-${traceId.toUpperCase()}-${spanId}-00`],
  ["letters that are no digits", `00-${traceId}-${spanId.replace("b", "g")}-00`],
  ["a trace id of zeros", `00-${"0".repeat(32)}-${spanId}-00`],
  ["a span id of zeros", `00-${traceId}-${"0".repeat(16)}-00`],
  ["no flags", `00-${traceId}-${spanId}`],
  ["something behind the flags", `00-${traceId}-${spanId}-00-00`],
  ["a line behind the flags", `00-${traceId}-${spanId}-00\n`],
  ["other separators", `00.${traceId}.${spanId}.00`],
])("a parent of %s begins a new trace", (_what, traceparent) => {
  const begun = (sampler: string) =>
    start(startCollected(sampler).tracing, "task", { ...untraced, traceparent }).context;
  expect(begun("parentbased_always_off")).toEqual(unsampled);
  expect(begun("always_on").traceparent).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
  expect(traceOf(begun("always_on"))).not.toBe(traceOf({ traceparent }).toLowerCase());
});

test("what is done to a span that is not sampled leaves nothing behind", async () => {
  const { tracing, exported } = startCollected("always_off");
  for (const parent of [untraced, unsampled, sampledParent, unsampledParent]) {
    const span = start(tracing, "task", parent);
    span.setAttribute("hearth.run", "run");
    span.end({ error: "TIMED_OUT" });
  }
  await tracing.stop();
  expect(exported()).toEqual([]);
});

test("what is not recorded is not described", () => {
  const describe = vi.fn();
  for (const parent of [untraced, unsampled, unsampledParent]) {
    startCollected("parentbased_always_off").tracing.start(parent, describe, undefined);
  }
  expect(describe).not.toHaveBeenCalled();
});
