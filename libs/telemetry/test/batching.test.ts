import { expect, test } from "vitest";
import { batchingFrom } from "../src/batching.ts";

const usual = {
  maxExportBatchSize: 128,
  maxQueueSize: 2_048,
  scheduledDelayMillis: 5_000,
  exportTimeoutMillis: 30_000,
};

test("spans are sent by the standard's variables", () => {
  const variables = {
    OTEL_BSP_MAX_EXPORT_BATCH_SIZE: "7",
    OTEL_BSP_MAX_QUEUE_SIZE: "70",
    OTEL_BSP_SCHEDULE_DELAY: "100",
    OTEL_BSP_EXPORT_TIMEOUT: "900",
  };
  expect(batchingFrom(variables)).toEqual({
    maxExportBatchSize: 7,
    maxQueueSize: 70,
    scheduledDelayMillis: 100,
    exportTimeoutMillis: 900,
  });
});

test.each(["", "0", "-1", "1.5", "many"])("%j counts as not set", (text) => {
  expect(batchingFrom({ OTEL_BSP_MAX_QUEUE_SIZE: text, OTEL_BSP_SCHEDULE_DELAY: text })).toEqual(usual);
});

test("a batch is no larger than what is kept", () => {
  expect(batchingFrom({ OTEL_BSP_MAX_QUEUE_SIZE: "10" })).toMatchObject({ maxExportBatchSize: 10, maxQueueSize: 10 });
});
