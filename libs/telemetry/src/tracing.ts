import { UnrecordedSpan } from "./unrecorded-span.ts";

/** Trace context as it travels in messages. */
export interface TraceContext {
  /** As https://www.w3.org/TR/trace-context/ has it. Empty: there is none. */
  readonly traceparent: string;
  readonly tracestate: string;
  /**
   * It is of a trace that is not sampled and has no ids: nobody needed them, and of most executions nobody ever will. Then the
   * texts are empty.
   */
  readonly unsampled: boolean;
}

/** Where a trace may begin. */
export const untraced: TraceContext = { traceparent: "", tracestate: "", unsampled: false };

export interface SpanDescription {
  readonly name: string;
  readonly kind: "internal" | "server" | "client" | "producer" | "consumer";
  /** Milliseconds since 1970. Absent: now. */
  readonly startMs?: number;
  readonly attributes?: Readonly<Record<string, string | number | boolean>>;
}

/** A piece of work being traced. */
export interface Span {
  /** What children and other processes continue from. */
  readonly context: TraceContext;
  setAttribute(key: string, value: string | number | boolean): void;
  /** Ends it, as failed when a message says how. `endMs`: milliseconds since 1970, default now. */
  end(outcome?: { readonly error?: string; readonly endMs?: number }): void;
}

export interface Tracing {
  /** Whether anything can be recorded. */
  readonly on: boolean;
  /**
   * Starts a span below `parent`. It is described only when it is recorded: otherwise this costs next to nothing, and the
   * parent's context is passed on.
   */
  start<T>(parent: TraceContext, describe: (subject: T) => SpanDescription, subject: T): Span;
  /** Sends what is buffered. */
  stop(): Promise<void>;
}

/**
 * Tracing by OTLP when the standard variables ask for it (OTEL_EXPORTER_OTLP_ENDPOINT or
 * OTEL_EXPORTER_OTLP_TRACES_ENDPOINT, unless OTEL_SDK_DISABLED is true or OTEL_TRACES_EXPORTER is none). Otherwise
 * OpenTelemetry is not even loaded.
 */
export async function startTracing(serviceName: string, variables: NodeJS.ProcessEnv): Promise<Tracing> {
  const asked = variables["OTEL_EXPORTER_OTLP_ENDPOINT"] ?? variables["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"];
  const refused = variables["OTEL_SDK_DISABLED"] === "true" || variables["OTEL_TRACES_EXPORTER"] === "none";
  if (!asked || refused) return notTracing;
  const { startOtlpTracing } = await import("./otlp-tracing.ts");
  return startOtlpTracing(variables["OTEL_SERVICE_NAME"] ?? serviceName, variables);
}

const notTracing: Tracing = {
  on: false,
  start: (parent) => new UnrecordedSpan(parent),
  stop: () => Promise.resolve(),
};
