import {
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  type Attributes,
  type HrTime,
  type SpanContext,
  type SpanStatus,
} from "@opentelemetry/api";
import type { Resource } from "@opentelemetry/resources";
import type { ReadableSpan, SpanProcessor } from "@opentelemetry/sdk-trace";
import type { DrawnIds } from "./drawn-ids.ts";
import { isSampled, spanIdOf, traceIdOf } from "./traceparent.ts";
import type { Span, SpanDescription, TraceContext } from "./tracing.ts";

const kinds = {
  internal: SpanKind.INTERNAL,
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
} as const;

const unset: SpanStatus = { code: SpanStatusCode.UNSET };
const scope = { name: "hearth" } as const;
const nothing: never[] = [];

/** What the spans of a process have in common. */
export interface Recording {
  readonly resource: Resource;
  readonly processor: SpanProcessor;
  readonly ids: DrawnIds;
}

/** A span as OpenTelemetry's exporters read one. It is kept until it is sent, and has no more than Hearth says of one. */
export class RecordedSpan implements Span, ReadableSpan {
  readonly context: TraceContext;
  readonly attributes: Attributes;
  declare readonly parentSpanContext?: SpanContext;
  status = unset;
  readonly #recording: Recording;
  readonly #spanContext: SpanContext;
  readonly #described: SpanDescription;
  readonly #startMs: number;
  /** By the clock that nobody sets. Undefined: it began before it was made. */
  readonly #madeAt: number | undefined;
  #endMs: number | undefined;

  /** `parent`: has the traceparent of the span that it is below. Undefined: it begins a trace. */
  constructor(described: SpanDescription, parent: TraceContext | undefined, recording: Recording) {
    const { startMs, attributes } = described;
    const { ids } = recording;
    const traceId = parent === undefined ? ids.generateTraceId() : traceIdOf(parent.traceparent);
    const spanId = ids.generateSpanId();
    // What its vendors put into the trace's state is handed on.
    const tracestate = parent?.tracestate ?? "";
    this.context = { traceparent: `00-${traceId}-${spanId}-01`, tracestate, unsampled: false };
    this.attributes = { ...attributes };
    if (parent !== undefined) this.parentSpanContext = toSpanContext(parent.traceparent);
    this.#recording = recording;
    this.#spanContext = { traceId, spanId, traceFlags: TraceFlags.SAMPLED };
    this.#described = described;
    this.#startMs = startMs ?? Date.now();
    this.#madeAt = startMs === undefined ? performance.now() : undefined;
  }

  setAttribute(key: string, value: string | number | boolean): void {
    this.attributes[key] = value;
  }

  end({ error, endMs }: { readonly error?: string; readonly endMs?: number } = {}): void {
    if (this.ended) return;
    if (error !== undefined) this.status = { code: SpanStatusCode.ERROR, message: error };
    this.#endMs = Math.max(this.#startMs, endMs ?? this.#now());
    this.#recording.processor.onEnd(this);
  }

  #now(): number {
    return this.#madeAt === undefined ? Date.now() : this.#startMs + performance.now() - this.#madeAt;
  }

  spanContext(): SpanContext {
    return this.#spanContext;
  }

  get name(): string {
    return this.#described.name;
  }

  get kind(): SpanKind {
    return kinds[this.#described.kind];
  }

  get ended(): boolean {
    return this.#endMs !== undefined;
  }

  get startTime(): HrTime {
    return toHrTime(this.#startMs);
  }

  get endTime(): HrTime {
    return toHrTime(this.#endMs ?? 0);
  }

  get duration(): HrTime {
    return toHrTime((this.#endMs ?? this.#startMs) - this.#startMs);
  }

  get resource(): Resource {
    return this.#recording.resource;
  }

  get instrumentationScope(): typeof scope {
    return scope;
  }

  get links(): never[] {
    return nothing;
  }

  get events(): never[] {
    return nothing;
  }

  get droppedAttributesCount(): number {
    return 0;
  }

  get droppedEventsCount(): number {
    return 0;
  }

  get droppedLinksCount(): number {
    return 0;
  }
}

/** Of a span in another process. */
function toSpanContext(traceparent: string): SpanContext {
  const traceFlags = isSampled(traceparent) ? TraceFlags.SAMPLED : TraceFlags.NONE;
  return { traceId: traceIdOf(traceparent), spanId: spanIdOf(traceparent), traceFlags, isRemote: true };
}

/** Seconds and nanoseconds. */
function toHrTime(ms: number): HrTime {
  const seconds = Math.floor(ms / 1_000);
  return [seconds, Math.round((ms - seconds * 1_000) * 1e6)];
}
