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
    metrics.count("hearth.executions.rejected", { "hearth.reason": "BACKLOG_FULL" });
    metrics.record("hearth.replica.start_up", 3, { "hearth.environment": "etl" });
    const attributes = { "hearth.environment": "etl", "hearth.pool": "etl/run" };
    metrics.gauge("hearth.pool.backlog", () => [{ value: 2, attributes }]);
    await metrics.stop();
  } finally {
    delete process.env["OTEL_EXPORTER_OTLP_ENDPOINT"];
    server.close();
  }
  const sent = bodies.join("");
  for (const text of [
    ...["/v1/metrics", "hearth.executions.rejected", "BACKLOG_FULL"],
    ...["hearth.replica.start_up", "hearth.pool.backlog", "etl/run"],
  ]) {
    expect(sent).toContain(text);
  }
});
