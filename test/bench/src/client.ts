import { create } from "@bufbuild/protobuf";
import { newId } from "@hearth/ids";
import { PassingMap } from "@hearth/passing-map";
import {
  ExecuteStreamRequestSchema,
  ExecutionRequestSchema,
  ExecutionService,
  Outcome,
  PayloadSchema,
  emptyMessage,
  type ExecuteStreamRequest,
  type ExecuteStreamResponse,
  type ExecutionRequest,
} from "@hearth/proto";
import { callStream, FrameOutbox } from "@hearth/rpc";

/** Told once how an execution ended; `problem` is a reason when it has no result. */
export type OnAnswer = (problem: string | undefined) => void;

/** Sends one execution and says when its answer is here. */
export type Send = (onAnswer: OnAnswer) => void;

/** A connection to who serves `ExecuteStream`, which a router does and an echo. */
export interface Connection {
  executeStream(frames: AsyncIterable<ExecuteStreamRequest>): AsyncIterable<ExecuteStreamResponse>;
  close(): void;
}

/** To a router, as Hearth's own clients do it. Such a connection ends with its stream. */
export function connectRouter(address: string): Connection {
  const method = ExecutionService.method.executeStream;
  return { executeStream: (frames) => callStream(address, method, frames), close: () => undefined };
}

/** The public way in that takes most: one `ExecuteStream`. Closes its connection when the stream ends. */
export class StreamClient implements Disposable {
  readonly #outbox = new FrameOutbox<ExecuteStreamRequest>(() => emptyMessage(ExecuteStreamRequestSchema));
  readonly #waiting = new PassingMap<string, OnAnswer>();

  constructor(connection: Connection) {
    void this.#read(connection.executeStream(this.#outbox))
      .catch((error: unknown) => this.#failAll((error as Error).message))
      .finally(() => connection.close());
  }

  /** How many have no answer yet. */
  get open(): number {
    return this.#waiting.size;
  }

  /** What sends executions of one task with the same arguments. */
  sender(environment: string, task: string, args: readonly unknown[] = []): Send {
    const inline = new TextEncoder().encode(JSON.stringify({ args }));
    const payload = create(PayloadSchema, { inline });
    const template = { ...emptyMessage(ExecutionRequestSchema), environment, task, arguments: payload };
    return (onAnswer) => {
      const request: ExecutionRequest = { ...template, executionId: newId(Date.now()) };
      this.#waiting.set(request.executionId, onAnswer);
      this.#outbox.frame(inline.length).executions.push(request);
    };
  }

  [Symbol.dispose](): void {
    this.#outbox.end();
  }

  async #read(frames: AsyncIterable<ExecuteStreamResponse>): Promise<void> {
    for await (const { ends, rejections } of frames) {
      for (const { executionId, outcome, failure } of ends) {
        this.#answer(executionId, outcome === Outcome.SUCCEEDED ? undefined : (failure?.reason ?? "FAILED"));
      }
      for (const { executionId, failure } of rejections) this.#answer(executionId, failure?.reason ?? "REJECTED");
    }
  }

  #answer(executionId: string, problem: string | undefined): void {
    this.#waiting.take(executionId)?.(problem);
  }

  #failAll(message: string): void {
    for (const id of this.#waiting.keys()) this.#answer(id, message);
  }
}

/** Sends one and waits for it. Throws when it does not succeed. */
export function sendOne(send: Send): Promise<void> {
  return new Promise((resolve, reject) =>
    send((problem) => (problem === undefined ? resolve() : reject(new Error(`An execution ended with ${problem}.`)))),
  );
}
