import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { embedded, text } from "@hearth/test-probes/wire-format";

/** A span as a collector received it. */
export interface CollectedSpan {
  readonly service: string;
  readonly name: string;
  readonly traceId: string;
}

/** A collector of traces that speaks OTLP over HTTP with protobuf. */
export interface OtlpCollector extends AsyncDisposable {
  /** For OTEL_EXPORTER_OTLP_ENDPOINT. */
  readonly endpoint: string;
  readonly spans: readonly CollectedSpan[];
}

/** Starts a collector on a free port. */
export async function startOtlpCollector(): Promise<OtlpCollector> {
  const spans: CollectedSpan[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      if (request.url === "/v1/traces") spans.push(...readExport(Buffer.concat(chunks)));
      response.writeHead(200, { "content-type": "application/x-protobuf" }).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

/** opentelemetry/proto/trace/v1/trace.proto: the field numbers used below. */
function readExport(bytes: Uint8Array): readonly CollectedSpan[] {
  return embedded(bytes, 1).flatMap((resourceSpans) => {
    const attributes = embedded(resourceSpans, 1).flatMap((resource) => embedded(resource, 1));
    const named = attributes.find((attribute) => text(embedded(attribute, 1)[0]) === "service.name");
    const service = named === undefined ? "" : text(embedded(named, 2).flatMap((value) => embedded(value, 1))[0]);
    const spans = embedded(resourceSpans, 2).flatMap((scopeSpans) => embedded(scopeSpans, 2));
    return spans.map((span) => ({
      service,
      name: text(embedded(span, 5)[0]),
      traceId: Buffer.from(embedded(span, 1)[0] ?? []).toString("hex"),
    }));
  });
}
