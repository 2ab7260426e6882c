import { createServer } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { startMetrics } from "../src/mod.ts";

const endpoint = "http://127.0.0.1:9";

test.each([
  ["nothing asks for them", {}],
  ["the SDK is disabled", { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_SDK_DISABLED: "true" }],
  ["their exporter is none", { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_METRICS_EXPORTER: "none" }],
])("metrics are off when %s", async (_when, variables) => {
  const metrics = await startMetrics("test", variables);
  expect(metrics.on).toBe(false);
  expect(metrics.counter("a")).toBe(metrics.counter("b"));
});

test("what was recorded is exported when metrics stop", async () => {
  const bodies: string[] = [];
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", () => {
      bodies.push(`${request.url} ${Buffer.concat(parts).toString("latin1")}`);
      response.end();
    });
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  process.env["OTEL_EXPORTER_OTLP_ENDPOINT"] = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  try {
    const metrics = await startMetrics("test", process.env);
    metrics.counter("a.counter").add(1, { why: "a-cause" });
    metrics.histogram("a.histogram").record(3, {});
    metrics.gauge("a.gauge", () => [{ value: 2, attributes: { pool: "etl/run" } }]);
    await metrics.stop();
  } finally {
    delete process.env["OTEL_EXPORTER_OTLP_ENDPOINT"];
    server.close();
  }
  const sent = bodies.join("");
  for (const text of ["/v1/metrics", "a.counter", "a-cause", "a.histogram", "a.gauge", "etl/run"]) {
    expect(sent).toContain(text);
  }
});
