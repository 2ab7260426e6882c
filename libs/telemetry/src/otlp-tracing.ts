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
import {
  AlwaysOnSampler,
  BatchSpanProcessor,
  ParentBasedSampler,
  SamplingDecision,
  TracerProvider,
  type SpanExporter,
} from "@opentelemetry/sdk-trace";
import { DrawnIds } from "./drawn-ids.ts";
import { samplerFrom } from "./sampler.ts";
import { isSampled, isTraceparent, spanIdOf, traceIdOf } from "./traceparent.ts";
import type { Span, TraceContext, Tracing } from "./tracing.ts";
import { UnrecordedSpan } from "./unrecorded-span.ts";

const kinds = {
  internal: SpanKind.INTERNAL,
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
} as const;

/**
 * Tracing through OpenTelemetry's SDK, whose exporter reads its own standard variables. The sampler is asked before there is
 * a span, for one that is made and dropped costs several times what the decision does, and most are dropped.
 */
export function startOtlpTracing(
  serviceName: string,
  variables: NodeJS.ProcessEnv,
  exporter: SpanExporter = new OTLPTraceExporter(),
): Tracing {
  const sampler = samplerFrom(variables);
  const followsParents = sampler instanceof ParentBasedSampler;
  const ids = new DrawnIds();
  const provider = new TracerProvider({
    sampler: new AlwaysOnSampler(), // It is only given what has been decided.
    idGenerator: ids,
    resource: resourceFromAttributes({ "service.name": serviceName, "process.pid": process.pid }),
    spanProcessors: [new BatchSpanProcessor({ exporter })],
  });
  const tracer = provider.getTracer("hearth");
  return {
    on: true,
    start(name, parent, options = {}) {
      const { traceparent } = parent;
      const continues = isTraceparent(traceparent);
      const parentIsSampled = continues && isSampled(traceparent);
      if (followsParents && continues && !parentIsSampled) return new UnrecordedSpan(parent);
      const context = continues ? toContext(traceparent) : ROOT_CONTEXT;
      const traceId = continues ? traceIdOf(traceparent) : ids.draw();
      const kind = kinds[options.kind ?? "internal"];
      const { decision } = sampler.shouldSample(context, traceId, name, kind, options.attributes ?? {}, []);
      if (decision === SamplingDecision.RECORD_AND_SAMPLED) {
        const startTime = options.startMs === undefined ? {} : { startTime: options.startMs };
        const attributes = options.attributes === undefined ? {} : { attributes: options.attributes };
        return new RecordedSpan(tracer.startSpan(name, { kind, ...startTime, ...attributes }, context));
      }
      if (!continues) return new UnrecordedSpan({ traceparent: ids.unsampledTraceparent(), tracestate: "" });
      if (!parentIsSampled) return new UnrecordedSpan(parent);
      return new UnrecordedSpan({ traceparent: `00-${traceId}-${ids.generateSpanId()}-00`, tracestate: "" });
    },
    stop: () => provider.shutdown(),
  };
}

class RecordedSpan implements Span {
  readonly context: TraceContext;
  readonly #span: OtlpSpan;

  constructor(span: OtlpSpan) {
    const { traceId, spanId } = span.spanContext();
    this.context = { traceparent: `00-${traceId}-${spanId}-01`, tracestate: "" };
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
