import { create } from "@bufbuild/protobuf";
import { newId } from "@hearth/ids";
import {
  ExecuteStreamRequestSchema,
  ExecutionRequestSchema,
  ExecutionService,
  Outcome,
  type ExecuteStreamRequest,
  type ExecutionRequest,
} from "@hearth/proto";
import { createClient, FrameOutbox, openChannel } from "@hearth/rpc";

/** Told once how an execution ended; `problem` is a reason when it has no result. */
export type OnAnswer = (problem: string | undefined) => void;

/** Sends one execution and says when its answer is here. */
export type Send = (onAnswer: OnAnswer) => void;

/** The public way in that takes most: one `ExecuteStream` to a router. */
export class StreamClient implements Disposable {
  readonly #outbox = new FrameOutbox<ExecuteStreamRequest>(() => create(ExecuteStreamRequestSchema));
  readonly #waiting = new Map<string, OnAnswer>();

  constructor(address: string) {
    const channel = openChannel(address);
    void this.#read(createClient(ExecutionService, channel).executeStream(this.#outbox))
      .catch((error: unknown) => this.#failAll((error as Error).message))
      .finally(() => channel.close());
  }

  /** How many have no answer yet. */
  get open(): number {
    return this.#waiting.size;
  }

  /** What sends executions of one task with the same arguments. */
  sender(environment: string, task: string, args: readonly unknown[] = []): Send {
    const inline = new TextEncoder().encode(JSON.stringify({ args }));
    const template = create(ExecutionRequestSchema, { environment, task, arguments: { inline } });
    return (onAnswer) => {
      const request: ExecutionRequest = { ...template, executionId: newId(Date.now()) };
      this.#waiting.set(request.executionId, onAnswer);
      this.#outbox.frame(inline.length).executions.push(request);
    };
  }

  [Symbol.dispose](): void {
    this.#outbox.end();
  }

  async #read(
    frames: ReturnType<ReturnType<typeof createClient<typeof ExecutionService>>["executeStream"]>,
  ): Promise<void> {
    for await (const { ends, rejections } of frames) {
      for (const { executionId, outcome, failure } of ends) {
        this.#answer(executionId, outcome === Outcome.SUCCEEDED ? undefined : (failure?.reason ?? "FAILED"));
      }
      for (const { executionId, failure } of rejections) this.#answer(executionId, failure?.reason ?? "REJECTED");
    }
  }

  #answer(executionId: string, problem: string | undefined): void {
    const onAnswer = this.#waiting.get(executionId);
    this.#waiting.delete(executionId);
    onAnswer?.(problem);
  }

  #failAll(message: string): void {
    this.#waiting.forEach((onAnswer) => onAnswer(message));
    this.#waiting.clear();
  }
}

/** Sends one and waits for it. Throws when it does not succeed. */
export function sendOne(send: Send): Promise<void> {
  return new Promise((resolve, reject) =>
    send((problem) => (problem === undefined ? resolve() : reject(new Error(`An execution ended with ${problem}.`)))),
  );
}
