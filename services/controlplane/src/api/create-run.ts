import type { Clock } from "@hearth/clock";
import { HearthError } from "@hearth/errors";
import type { ExecutionRequest } from "@hearth/proto";
import type { ExecutionHistory } from "../core/execution-history.ts";
import type { Environment } from "../core/environment.ts";
import type { Pools } from "../core/pool-view.ts";
import type { RunHistory } from "../io/history-store.ts";
import type { Peers } from "../io/peers.ts";
import { pause } from "./pause.ts";

/** How long a call waits for a router to announce itself. */
const routerWaitMs = 5_000;
const lookAgainMs = 50;
const answerMs = 10_000;

/** What a router says that takes nothing any more. */
const elsewhere: ReadonlySet<string> = new Set(["ROUTER_DRAINING", "ROUTER_SUPERSEDED"]);

const executionId = /^[0-9a-hjkmnp-tv-z]{26}$/;

/** Checks what a router would not: that it is a root, and that its environment and task are deployed. */
export function checkRunRequest(execution: ExecutionRequest, environment: Environment): void {
  if (execution.runId !== "" || execution.parentId !== "") {
    throw new HearthError("INVALID_EXECUTION", "run_id and parent_id of a run must be empty: a run is a root.");
  }
  if (execution.executionId !== "" && !executionId.test(execution.executionId)) {
    throw new HearthError(
      "INVALID_EXECUTION",
      `execution_id is "${execution.executionId}"; give a ULID in lower case, or leave it empty.`,
    );
  }
  if (environment.version.spec.tasks.some(({ name }) => name === execution.task)) return;
  const tasks = environment.version.spec.tasks.map(({ name }) => name).join(", ");
  throw new HearthError(
    "TASK_NOT_FOUND",
    `Environment "${environment.name}" has no task "${execution.task}"; it has ${tasks}.`,
  );
}

/**
 * Asks live routers in turn until one answers, waiting for one to announce itself when there is none. A refusal of the
 * execution is final; a router that cannot be reached, or is going away, is not. Throws NO_ROUTER.
 */
export async function askRouters<T>(
  options: { readonly pools: Pools; readonly clock: Clock; readonly signal: AbortSignal },
  ask: (address: string, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const { pools, clock, signal } = options;
  const giveUpAt = clock.now() + routerWaitMs;
  let problem = "none has announced itself; is one running on the same NATS?";
  for (;;) {
    for (const address of pools.routers()) {
      try {
        return await ask(address, AbortSignal.any([signal, AbortSignal.timeout(answerMs)]));
      } catch (error) {
        if (error instanceof HearthError && !elsewhere.has(error.reason)) throw error;
        problem = `the one at ${address} did not answer: ${(error as Error).message}`;
      }
    }
    if (clock.now() >= giveUpAt || signal.aborted) break;
    await pause(lookAgainMs, signal);
  }
  throw new HearthError("NO_ROUTER", `No router took the request within 5 s: ${problem}`);
}

/** Asks a router for the execution. Returns its id: of the earlier one when the request was made before. */
export function submitRun(
  options: { readonly pools: Pools; readonly clock: Clock; readonly signal: AbortSignal; readonly peers: Peers },
  execution: ExecutionRequest,
): Promise<string> {
  let { askedBefore } = execution;
  return askRouters(options, (address, signal) => {
    const asked = options.peers.submit(address, { ...execution, askedBefore }, signal);
    // One that does not answer may have accepted it.
    askedBefore = true;
    return asked;
  });
}

/** Asks every live router, since any may hold the run, until one knows it. Throws NO_ROUTER when none does. */
export async function cancelRun(
  options: { readonly pools: Pools; readonly clock: Clock; readonly signal: AbortSignal; readonly peers: Peers },
  name: string,
): Promise<void> {
  await askRouters(options, async (address, signal) => {
    try {
      await options.peers.cancel(address, name, signal);
    } catch (error) {
      if (!(error instanceof HearthError) || error.reason !== "EXECUTION_NOT_FOUND") throw error;
      // Another router may hold it, or will once it has read the journal.
      throw new Error(`it does not know the run ${name}`, { cause: error });
    }
  });
}

/** A run as it is known before the history tells of it. */
export function acceptedRun(execution: ExecutionRequest, id: string, now: number): RunHistory {
  const root: ExecutionHistory = {
    id,
    runId: id,
    parentId: "",
    environment: execution.environment,
    task: execution.task,
    // The history knows better in a moment.
    pool: execution.environment,
    acceptedMs: now,
    endedMs: 0,
    outcome: "none",
    storedArguments: undefined,
    storedResult: undefined,
    result: undefined,
    failure: undefined,
    attempts: [],
  };
  return { root, counts: { queued: 1, running: 0, succeeded: 0, failed: 0, timedOut: 0, cancelled: 0 } };
}
