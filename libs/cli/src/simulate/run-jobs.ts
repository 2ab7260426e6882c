import { existsSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { CliFailure } from "../cli-failure.ts";
import type { Job, JobResult, Progress } from "./job.ts";

/** What the thread of a job says. */
export type WorkerMessage =
  | { readonly kind: "progress"; readonly progress: Progress }
  | { readonly kind: "done"; readonly result: JobResult }
  | {
      readonly kind: "failed";
      readonly name: string;
      readonly code: string | undefined;
      readonly message: string;
      readonly stack: string;
    };

/** Runs jobs, as many side by side as there are processors. The first one that fails ends all. */
export async function runJobs(
  jobs: readonly Job[],
  options: {
    /** How far each has come; undefined: it has not begun. */
    readonly onProgress: (progress: readonly (Progress | undefined)[]) => void;
    /** Resolves when the jobs are to give what they have. */
    readonly stopAsked: Promise<unknown>;
  },
): Promise<readonly JobResult[]> {
  const stop = new Int32Array(new SharedArrayBuffer(4));
  void options.stopAsked.then(() => Atomics.store(stop, 0, 1));
  const progress: (Progress | undefined)[] = jobs.map(() => undefined);
  const results: JobResult[] = [];
  const waiting = jobs.keys();
  const workers = new Set<Worker>();
  const workOff = async (): Promise<void> => {
    for (const index of waiting) {
      const worker = new Worker(workerFile(), {
        workerData: { job: jobs[index], stop },
        resourceLimits: { maxYoungGenerationSizeMb },
      });
      workers.add(worker);
      results[index] = await resultOf(worker, (reached) => {
        progress[index] = reached;
        options.onProgress(progress);
      });
      workers.delete(worker);
    }
  };
  try {
    await Promise.all(Array.from({ length: Math.min(jobs.length, availableParallelism()) }, workOff));
  } finally {
    for (const worker of workers) void worker.terminate();
  }
  return results;
}

/** Executions live briefly: room for more of them means that fewer are moved before they are forgotten. */
const maxYoungGenerationSizeMb = 192;

function resultOf(worker: Worker, onProgress: (progress: Progress) => void): Promise<JobResult> {
  return new Promise((resolve, reject) => {
    worker.on("message", (message: WorkerMessage) => {
      if (message.kind === "progress") return onProgress(message.progress);
      if (message.kind === "done") return resolve(message.result);
      reject(failureOf(message));
    });
    worker.once("error", reject);
    worker.once("exit", (code) => reject(new Error(`The thread of a simulation ended with exit code ${code}.`)));
  });
}

function failureOf(failed: Extract<WorkerMessage, { kind: "failed" }>): Error {
  if (failed.name === "TraceError" || isSystemError(failed.code)) {
    return new CliFailure("TRACE_UNREADABLE", failed.message);
  }
  return Object.assign(new Error(failed.message), { stack: failed.stack });
}

/** Such as ENOENT: only the trace is read. */
function isSystemError(code: string | undefined): boolean {
  return code !== undefined && /^E[A-Z]+$/.test(code);
}

/** The worker's own bundle beside the command line's, or its source. */
function workerFile(): string {
  const here = import.meta.dirname;
  if (import.meta.filename.endsWith(".ts")) return join(here, "worker.ts");
  // Parts of a bundle may lie in a folder below it.
  const path = [here, join(here, "..")].map((folder) => join(folder, "simulation.mjs")).find(existsSync);
  if (path === undefined) throw new CliFailure("NOT_BUILT", `There is no simulation.mjs at ${here}. Run "pnpm build".`);
  return path;
}
