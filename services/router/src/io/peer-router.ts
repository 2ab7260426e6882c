import { create } from "@bufbuild/protobuf";
import {
  ExecutionEndSchema,
  ExecutionPhase,
  ExecutionService,
  Outcome,
  type Execution,
  type ExecutionEnd,
} from "@hearth/proto";
import { createClient, openChannel } from "@hearth/rpc";

type Channel = ReturnType<typeof openChannel>;

/** Asks other routers for executions that they have. */
export class PeerRouterClients {
  readonly #channels = new Map<string, Channel>();

  async get(address: string, executionId: string): Promise<Execution | undefined> {
    return (await this.#client(address).getExecution({ executionId, onlyHere: true })).execution;
  }

  async *watch(address: string, executionId: string, signal?: AbortSignal): AsyncIterable<Execution> {
    const options = signal === undefined ? {} : { signal };
    for await (const { execution } of this.#client(address).watchExecution({ executionId, onlyHere: true }, options)) {
      if (execution !== undefined) yield execution;
    }
  }

  async cancel(address: string, executionId: string): Promise<void> {
    await this.#client(address).cancelExecution({ executionId, onlyHere: true });
  }

  close(): void {
    for (const channel of this.#channels.values()) channel.close();
  }

  /** Routers are few, and one that is gone costs a channel that tries to connect no more than is asked of it. */
  #client(address: string) {
    const channel = this.#channels.get(address) ?? openChannel(address);
    this.#channels.set(address, channel);
    return createClient(ExecutionService, channel);
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
