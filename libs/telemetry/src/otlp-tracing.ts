import {
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  TraceFlags,
  type Context,
  type Span as OtlpSpan,
} from "@opentelemetry/api";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { AlwaysOnSampler, BatchSpanProcessor, TracerProvider, type SpanExporter } from "@opentelemetry/sdk-trace";
import { batchingFrom } from "./batching.ts";
import { DrawnIds } from "./drawn-ids.ts";
import { samplingFrom } from "./sampling.ts";
import { decisiveOf, isSampled, isTraceparent, spanIdOf, traceIdOf } from "./traceparent.ts";
import { untraced, type Span, type TraceContext, type Tracing } from "./tracing.ts";
import { UnrecordedSpan } from "./unrecorded-span.ts";

const kinds = {
  internal: SpanKind.INTERNAL,
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
} as const;

/**
 * Tracing through OpenTelemetry's SDK, whose exporter reads its own standard variables. Whether a span is sampled is decided
 * before there is one: a span that is made and dropped costs several times what the decision does, and most are dropped.
 */
export function startOtlpTracing(
  serviceName: string,
  variables: NodeJS.ProcessEnv,
  exporter: SpanExporter = new OTLPTraceExporter(),
): Tracing {
  const { followsParents, threshold } = samplingFrom(variables);
  const ids = new DrawnIds();
  const provider = new TracerProvider({
    sampler: new AlwaysOnSampler(), // It is only given what has been decided.
    idGenerator: ids,
    resource: resourceFromAttributes({ "service.name": serviceName, "process.pid": process.pid }),
    spanProcessors: [new BatchSpanProcessor({ exporter, ...batchingFrom(variables) })],
  });
  const tracer = provider.getTracer("hearth");
  return {
    on: true,
    start(parent, describe, subject) {
      const { traceparent } = parent;
      if (followsParents && parent.unsampled) return unsampledSpan;
      const continues = isTraceparent(traceparent);
      const parentIsSampled = continues && isSampled(traceparent);
      if (followsParents && continues && !parentIsSampled) return new UnrecordedSpan(parent);
      const decisive = continues ? decisiveOf(traceparent) : ids.drawDecisive();
      if ((followsParents && parentIsSampled) || decisive >= threshold) {
        const { name, kind, startMs, attributes } = describe(subject);
        const startTime = startMs === undefined ? {} : { startTime: startMs };
        const described = { kind: kinds[kind], ...startTime, ...(attributes === undefined ? {} : { attributes }) };
        const span = tracer.startSpan(name, described, continues ? toContext(traceparent) : ROOT_CONTEXT);
        return new RecordedSpan(span, continues ? parent.tracestate : "");
      }
      if (continues && !parentIsSampled) return new UnrecordedSpan(parent);
      if (followsParents) return unsampledSpan;
      // Other processes may decide anew, by the trace's id.
      const traceId = continues ? traceIdOf(traceparent) : ids.generateTraceId();
      const context = { ...untraced, traceparent: `00-${traceId}-${ids.generateSpanId()}-00` };
      return new UnrecordedSpan(context);
    },
    stop: () => provider.shutdown(),
  };
}

/** One for all: what nobody records has no ids. */
const unsampledSpan = new UnrecordedSpan({ ...untraced, unsampled: true });

class RecordedSpan implements Span {
  readonly context: TraceContext;
  readonly #span: OtlpSpan;

  /** `tracestate` belongs to those who put it there: it is handed on. */
  constructor(span: OtlpSpan, tracestate: string) {
    const { traceId, spanId } = span.spanContext();
    this.context = { traceparent: `00-${traceId}-${spanId}-01`, tracestate, unsampled: false };
    this.#span = span;
  }

  setAttribute(key: string, value: string | number | boolean): void {
    this.#span.setAttribute(key, value);
  }

  end(outcome: { readonly error?: string; readonly endMs?: number } = {}): void {
    if (outcome.error !== undefined) this.#span.setStatus({ code: SpanStatusCode.ERROR, message: outcome.error });
    this.#span.end(outcome.endMs);
  }
}

function toContext(traceparent: string): Context {
  return trace.setSpanContext(ROOT_CONTEXT, {
    traceId: traceIdOf(traceparent),
    spanId: spanIdOf(traceparent),
    traceFlags: isSampled(traceparent) ? TraceFlags.SAMPLED : TraceFlags.NONE,
    isRemote: true,
  });
}
