/** How finished spans are sent. Times in milliseconds. */
export interface Batching {
  readonly maxExportBatchSize: number;
  readonly maxQueueSize: number;
  readonly scheduledDelayMillis: number;
  readonly exportTimeoutMillis: number;
}

/**
 * What the standard's OTEL_BSP_ variables say, which the SDK's processor does not read by itself
 * (https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/#batch-span-processor). Its defaults, but
 * for the size of a batch: one of 512 is put together in one go, for which everything else waits 10 ms.
 */
export function batchingFrom(variables: NodeJS.ProcessEnv): Batching {
  const maxQueueSize = readCount(variables["OTEL_BSP_MAX_QUEUE_SIZE"], 2_048);
  return {
    maxExportBatchSize: Math.min(readCount(variables["OTEL_BSP_MAX_EXPORT_BATCH_SIZE"], 128), maxQueueSize),
    maxQueueSize,
    scheduledDelayMillis: readCount(variables["OTEL_BSP_SCHEDULE_DELAY"], 5_000),
    exportTimeoutMillis: readCount(variables["OTEL_BSP_EXPORT_TIMEOUT"], 30_000),
  };
}

/** At least 1; anything else counts as not set, as the standard has it. */
function readCount(text: string | undefined, otherwise: number): number {
  const count = Number(text);
  return Number.isSafeInteger(count) && count >= 1 ? count : otherwise;
}
