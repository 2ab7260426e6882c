import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { embedded, text } from "@hearth/test-probes/wire-format";

/** A span as a collector received it. */
export interface CollectedSpan {
  readonly service: string;
  readonly name: string;
  readonly traceId: string;
}

/** A metric as a collector received it, with what its points say of themselves. */
export interface CollectedMetric {
  readonly service: string;
  readonly name: string;
  /** Of each point, as "key=value". */
  readonly attributes: readonly string[];
}

/** A collector of traces and metrics that speaks OTLP over HTTP with protobuf. */
export interface OtlpCollector extends AsyncDisposable {
  /** For OTEL_EXPORTER_OTLP_ENDPOINT. */
  readonly endpoint: string;
  readonly spans: readonly CollectedSpan[];
  readonly metrics: readonly CollectedMetric[];
}

/** Starts a collector on a free port. */
export async function startOtlpCollector(): Promise<OtlpCollector> {
  const spans: CollectedSpan[] = [];
  const metrics: CollectedMetric[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      if (request.url === "/v1/traces") spans.push(...readSpans(Buffer.concat(chunks)));
      if (request.url === "/v1/metrics") metrics.push(...readMetrics(Buffer.concat(chunks)));
      response.writeHead(200, { "content-type": "application/x-protobuf" }).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans,
    metrics,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

/** opentelemetry/proto/trace/v1/trace.proto: the field numbers used below. */
function readSpans(bytes: Uint8Array): readonly CollectedSpan[] {
  return embedded(bytes, 1).flatMap((resourceSpans) => {
    const service = serviceOf(resourceSpans);
    const spans = embedded(resourceSpans, 2).flatMap((scopeSpans) => embedded(scopeSpans, 2));
    return spans.map((span) => ({
      service,
      name: text(embedded(span, 5)[0]),
      traceId: Buffer.from(embedded(span, 1)[0] ?? []).toString("hex"),
    }));
  });
}

/** opentelemetry/proto/metrics/v1/metrics.proto: fields 5, 7 and 9 are gauge, sum and histogram, whose field 1 are points. */
function readMetrics(bytes: Uint8Array): readonly CollectedMetric[] {
  return embedded(bytes, 1).flatMap((resourceMetrics) => {
    const service = serviceOf(resourceMetrics);
    const metrics = embedded(resourceMetrics, 2).flatMap((scopeMetrics) => embedded(scopeMetrics, 2));
    return metrics.map((metric) => ({
      service,
      name: text(embedded(metric, 1)[0]),
      attributes: [
        ...[5, 7].flatMap((kind) => embedded(metric, kind).flatMap((data) => pointAttributes(data, 7))),
        ...embedded(metric, 9).flatMap((data) => pointAttributes(data, 9)),
      ],
    }));
  });
}

function pointAttributes(data: Uint8Array, field: number): readonly string[] {
  return embedded(data, 1).flatMap((point) =>
    embedded(point, field)
      .map(keyValue)
      .map((pair) => pair.join("=")),
  );
}

/** What sent it: its resource's service.name. */
function serviceOf(resourceData: Uint8Array): string {
  const attributes = embedded(resourceData, 1).flatMap((resource) => embedded(resource, 1));
  return attributes.map(keyValue).find(([key]) => key === "service.name")?.[1] ?? "";
}

/** opentelemetry/proto/common/v1/common.proto, KeyValue with a text. */
function keyValue(attribute: Uint8Array): readonly [string, string] {
  return [text(embedded(attribute, 1)[0]), text(embedded(attribute, 2).flatMap((value) => embedded(value, 1))[0])];
}
