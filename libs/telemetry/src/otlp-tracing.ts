import {
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  TraceFlags,
  type Context,
  type SpanContext,
} from "@opentelemetry/api";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { BatchSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";
import { samplerFrom } from "./sampler.ts";
import type { Span, TraceContext, Tracing } from "./tracing.ts";

const kinds = {
  internal: SpanKind.INTERNAL,
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
} as const;

/** Tracing through OpenTelemetry's SDK, whose exporter reads its own standard variables. */
export function startOtlpTracing(serviceName: string, variables: NodeJS.ProcessEnv): Tracing {
  const provider = new TracerProvider({
    sampler: samplerFrom(variables),
    resource: resourceFromAttributes({ "service.name": serviceName, "process.pid": process.pid }),
    spanProcessors: [new BatchSpanProcessor({ exporter: new OTLPTraceExporter() })],
  });
  const tracer = provider.getTracer("hearth");
  return {
    start(name, parent, options = {}) {
      const span = tracer.startSpan(
        name,
        {
          kind: kinds[options.kind ?? "internal"],
          ...(options.startMs === undefined ? {} : { startTime: options.startMs }),
          ...(options.attributes === undefined ? {} : { attributes: { ...options.attributes } }),
        },
        toContext(parent),
      );
      const wrapped: Span = {
        context: fromSpanContext(span.spanContext()),
        setAttribute: (key, value) => void span.setAttribute(key, value),
        end(outcome = {}) {
          if (outcome.error !== undefined) span.setStatus({ code: SpanStatusCode.ERROR, message: outcome.error });
          span.end(outcome.endMs);
        },
      };
      return wrapped;
    },
    stop: () => provider.shutdown(),
  };
}

/** Version 00 of https://www.w3.org/TR/trace-context/. Anything else starts a new trace. */
const traceparentPattern = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;

function toContext(parent: TraceContext): Context {
  const [, traceId, spanId, flags] = traceparentPattern.exec(parent.traceparent) ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return ROOT_CONTEXT;
  const spanContext = { traceId, spanId, traceFlags: Number.parseInt(flags, 16) & TraceFlags.SAMPLED, isRemote: true };
  return trace.setSpanContext(ROOT_CONTEXT, spanContext);
}

function fromSpanContext(context: SpanContext): TraceContext {
  const flags = context.traceFlags.toString(16).padStart(2, "0");
  return {
    traceparent: `00-${context.traceId}-${context.spanId}-${flags}`,
    tracestate: context.traceState?.serialize() ?? "",
  };
}
