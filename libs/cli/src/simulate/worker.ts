import { parentPort, workerData } from "node:worker_threads";
import type { Job } from "./job.ts";
import { runJob } from "./run-job.ts";
import type { WorkerMessage } from "./run-jobs.ts";

/** A thread of its own for one policy: nothing else happens while it computes. */
const { job, stop } = workerData as { readonly job: Job; readonly stop: Int32Array };

const post = (message: WorkerMessage): void => parentPort?.postMessage(message);
try {
  const result = runJob(job, {
    onProgress: (progress) => post({ kind: "progress", progress }),
    isStopped: () => Atomics.load(stop, 0) !== 0,
  });
  post({ kind: "done", result });
} catch (thrown) {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  const { code } = error as NodeJS.ErrnoException;
  post({ kind: "failed", name: error.name, code, message: error.message, stack: error.stack ?? "" });
}
