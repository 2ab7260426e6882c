import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { BatchSpanProcessor, type SpanExporter } from "@opentelemetry/sdk-trace";
import { batchingFrom } from "./batching.ts";
import { DrawnIds } from "./drawn-ids.ts";
import { RecordedSpan, type Recording } from "./recorded-span.ts";
import { samplingFrom } from "./sampling.ts";
import { decisiveOf, isSampled, isTraceparent, traceIdOf } from "./traceparent.ts";
import { untraced, type Tracing } from "./tracing.ts";
import { UnrecordedSpan } from "./unrecorded-span.ts";

/**
 * Tracing through OpenTelemetry's SDK, which gathers spans and sends them, and whose exporter reads its own standard variables. The
 * spans are Hearth's own: of a few a second among a hundred thousand executions it counts how much code and memory each takes. Whether
 * one is sampled is decided before there is one.
 */
export function startOtlpTracing(
  serviceName: string,
  variables: NodeJS.ProcessEnv,
  exporter: SpanExporter = new OTLPTraceExporter(),
): Tracing {
  const { followsParents, threshold } = samplingFrom(variables);
  const ids = new DrawnIds();
  const recording: Recording = {
    resource: resourceFromAttributes({ "service.name": serviceName, "process.pid": process.pid }),
    processor: new BatchSpanProcessor({ exporter, ...batchingFrom(variables) }),
    ids,
  };
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
        return new RecordedSpan(describe(subject), continues ? parent : undefined, recording);
      }
      if (continues && !parentIsSampled) return new UnrecordedSpan(parent);
      if (followsParents) return unsampledSpan;
      // Other processes may decide anew, by the trace's id.
      const traceId = continues ? traceIdOf(traceparent) : ids.generateTraceId();
      const context = { ...untraced, traceparent: `00-${traceId}-${ids.generateSpanId()}-00` };
      return new UnrecordedSpan(context);
    },
    stop: () => recording.processor.shutdown(),
  };
}

/** One for all: what nobody records has no ids. */
const unsampledSpan = new UnrecordedSpan({ ...untraced, unsampled: true });
