import { create } from "@bufbuild/protobuf";
import {
  ExecutionEndSchema,
  ExecutionPhase,
  ExecutionService,
  Outcome,
  type Execution,
  type ExecutionEnd,
  type ExecutionRequest,
} from "@hearth/proto";
import { createClient, openChannel, type RpcClient } from "@hearth/rpc";

type Router = RpcClient<typeof ExecutionService>;

/** Asks other routers for executions that they have: seldom, so each question has a connection of its own, and none is kept. */
export class PeerRouterClients {
  readonly #leaving = new AbortController();

  async get(address: string, executionId: string): Promise<Execution | undefined> {
    return this.#ask(address, async (router, signal) => {
      const { execution } = await router.getExecution({ executionId, onlyHere: true }, { signal });
      return execution;
    });
  }

  async *watch(address: string, executionId: string, signal?: AbortSignal): AsyncIterable<Execution> {
    const channel = openChannel(address);
    const either = signal === undefined ? this.#leaving.signal : AbortSignal.any([signal, this.#leaving.signal]);
    try {
      const router = createClient(ExecutionService, channel);
      for await (const { execution } of router.watchExecution({ executionId, onlyHere: true }, { signal: either })) {
        if (execution !== undefined) yield execution;
      }
    } finally {
      channel.close();
    }
  }

  /** Resolves once that router has the execution in its journal. Throws EXECUTION_NOT_FOUND. */
  async submit(address: string, execution: ExecutionRequest): Promise<void> {
    await this.#ask(address, (router, signal) => router.submit({ execution, onlyHere: true }, { signal }));
  }

  async cancel(address: string, executionId: string): Promise<void> {
    await this.#ask(address, (router, signal) => router.cancelExecution({ executionId, onlyHere: true }, { signal }));
  }

  /** Ends all that is asked, and whatever is asked from now on. */
  close(): void {
    this.#leaving.abort();
  }

  get isClosed(): boolean {
    return this.#leaving.signal.aborted;
  }

  async #ask<T>(address: string, ask: (router: Router, signal: AbortSignal) => Promise<T>): Promise<T> {
    const channel = openChannel(address);
    try {
      return await ask(createClient(ExecutionService, channel), this.#leaving.signal);
    } finally {
      channel.close();
    }
  }
}

/** How an execution ended that was watched. Undefined: it has not. */
export function endOf({ id, phase, attempts, result, failure }: Execution): ExecutionEnd | undefined {
  if (phase === ExecutionPhase.QUEUED || phase === ExecutionPhase.RUNNING) return undefined;
  const end = create(ExecutionEndSchema, { executionId: id, outcome: outcomeOf(phase, attempts.at(-1)?.outcome) });
  if (result !== undefined) end.result = result;
  if (failure !== undefined) end.failure = failure;
  return end;
}

/** A failed execution failed itself or was lost with its last attempt. */
function outcomeOf(phase: ExecutionPhase, lastAttempt: Outcome | undefined): Outcome {
  switch (phase) {
    case ExecutionPhase.SUCCEEDED:
      return Outcome.SUCCEEDED;
    case ExecutionPhase.TIMED_OUT:
      return Outcome.TIMED_OUT;
    case ExecutionPhase.CANCELLED:
      return Outcome.CANCELLED;
    case ExecutionPhase.FAILED:
      return lastAttempt === Outcome.LOST ? Outcome.LOST : Outcome.FAILED;
    case ExecutionPhase.QUEUED:
    case ExecutionPhase.RUNNING:
    case ExecutionPhase.UNSPECIFIED:
      return Outcome.UNSPECIFIED;
  }
}
