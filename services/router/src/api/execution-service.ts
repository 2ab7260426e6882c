import { create } from "@bufbuild/protobuf";
import type { Clock } from "@hearth/clock";
import { HearthError } from "@hearth/errors";
import {
  ExecuteStreamResponseSchema,
  ExecutionRequestSchema,
  ExecutionService,
  emptyMessage,
  type ExecuteStreamResponse,
  type ExecutionEnd,
  type ExecutionRequest,
} from "@hearth/proto";
import { FrameOutbox, service, toHearthError, type MountedService } from "@hearth/rpc";
import type { Rejection } from "../core/admit.ts";
import { endAs, toExecution, toRejection } from "../io/translate.ts";
import { endOf, type PeerRouterClients } from "../io/peer-router.ts";
import type { AcceptExecutions } from "../loops/accept-executions.ts";
import type { LocateExecutions } from "../loops/locate-executions.ts";
import type { Accepted, Asker, Executions } from "../loops/run-executions.ts";

/** A router that broke off while it was watched is looked for anew after this long. */
const watchAgainAfterMs = 250;

/** Whoever asks how an execution ended waits so long for the journal to have that. */
const writtenMsMax = 1_000;

/** From so many bytes of answers on that the caller of a stream has not read, no more requests are taken from it. */
const requestsUntilUnreadBytes = 32 * 1024 * 1024;

/** What runs already may fill so much; then the stream is cut off. Less than is kept of ended ones, so they are found again. */
const unreadBytesMax = 128 * 1024 * 1024;

export interface ExecutionServiceOptions {
  readonly clock: Clock;
  readonly executions: Executions;
  readonly accepting: AcceptExecutions;
  readonly located: LocateExecutions;
  readonly peers: PeerRouterClients;
  /** Told of what was refused for no reason that is registered: a defect. */
  readonly report: (errorId: string, error: unknown) => void;
}

/** What callers may ask of a router. */
export function executionService(options: ExecutionServiceOptions): MountedService {
  const { clock, executions, accepting, located, peers, report } = options;
  /** What another router answers that has the execution. Undefined: this one has it, or none, as `executions` then says. */
  const askThere = async <T>(
    executionId: string,
    onlyHere: boolean,
    ask: (address: string) => Promise<T>,
  ): Promise<{ readonly answer: T } | undefined> =>
    onlyHere || executions.knows(executionId) ? undefined : located.askThere(executionId, ask);
  /** How an execution ended is told to nobody before that is written. */
  const writtenInTime = async (executionId: string): Promise<void> => {
    const late = Promise.withResolvers<void>();
    const patience = clock.after(writtenMsMax, () => late.reject(unwritten(executionId)));
    try {
      await Promise.race([executions.written(), late.promise]);
    } finally {
      patience.cancel();
    }
  };
  return service(ExecutionService, {
    async execute({ execution }, context) {
      const end = Promise.withResolvers<ExecutionEnd>();
      const request = required(execution, context.header("traceparent"));
      // A caller that named its request may come back for it; for any other nobody is left to take the result.
      const isNamed = request.executionId !== "" || request.idempotencyKey !== "";
      const { executionId } = orThrow(await accepting.submit(request, { ended: end.resolve }));
      if (!isNamed) {
        const cancel = (): unknown => executions.handle({ kind: "cancelRequested", executionId });
        context.signal.addEventListener("abort", cancel, { once: true });
      }
      return { end: await end.promise };
    },

    async submit({ execution, onlyHere }, context) {
      const request = required(execution, context.header("traceparent"));
      if (onlyHere) executions.get(request.executionId);
      const { executionId, durability } = orThrow(await accepting.submit(request));
      await durability.reached;
      return { executionId };
    },

    async getExecution({ executionId, onlyHere }) {
      const there = await askThere(executionId, onlyHere, (address) => peers.get(address, executionId));
      if (there !== undefined) return { execution: there.answer };
      const execution = executions.get(executionId);
      if (executions.isUntold(execution)) await writtenInTime(executionId);
      return { execution: toExecution(execution) };
    },

    async *watchExecution({ executionId, onlyHere }, context) {
      for (;;) {
        const place = onlyHere || executions.knows(executionId) ? undefined : await located.find(executionId);
        if (place?.kind !== "there") break;
        try {
          for await (const execution of peers.watch(place.address, executionId, context.signal)) {
            yield { execution };
            if (endOf(execution) !== undefined) return;
          }
        } catch {
          // That router went; another one has the execution, or will.
        }
        if (context.signal.aborted) return;
        await new Promise<void>((resolve) => clock.after(watchAgainAfterMs, resolve));
      }
      const execution = executions.get(executionId);
      let changed = Promise.withResolvers<void>();
      const unwatch = executions.watch(executionId, () => changed.resolve());
      context.signal.addEventListener("abort", () => changed.resolve(), { once: true });
      try {
        while (!context.signal.aborted) {
          changed = Promise.withResolvers<void>();
          if (!executions.isUntold(execution)) {
            // Asked before it is sent: while a slow caller takes one state, the execution may come to its last.
            const isLast = execution.state.kind === "ended";
            yield { execution: toExecution(execution) };
            if (isLast) return;
          }
          await changed.promise;
        }
      } finally {
        unwatch();
      }
    },

    async cancelExecution({ executionId, onlyHere }) {
      const there = await askThere(executionId, onlyHere, (address) => peers.cancel(address, executionId));
      if (there === undefined) executions.cancel(executionId);
      return {};
    },

    executeStream(frames, context) {
      const outbox = new FrameOutbox<ExecuteStreamResponse>(() => emptyMessage(ExecuteStreamResponseSchema));
      let open = 0;
      let read = false;
      const answer = (weightBytes: number, put: (frame: ExecuteStreamResponse) => void): void => {
        put(outbox.frame(weightBytes));
        if (outbox.weightBytes > unreadBytesMax) outbox.fail(unread());
        open -= 1;
        if (read && open === 0) outbox.end();
      };
      const answers: StreamAnswers = {
        ended: (end, askedAs) => answer(bytesOf(end), ({ ends }) => ends.push(endAs(end, askedAs))),
        refused: (refusal, askedAs) =>
          answer(refusal.message.length, ({ rejections }) => rejections.push(toRejection(askedAs, refusal))),
        failed: (thrown, askedAs) => answers.refused(toHearthError(thrown, report), askedAs),
      };
      const readAll = async (): Promise<void> => {
        for await (const { executions: requests } of frames) {
          for (const request of requests) {
            if (outbox.weightBytes > requestsUntilUnreadBytes) await outbox.room(requestsUntilUnreadBytes);
            if (outbox.isOver) return;
            open += 1;
            trySubmit(accepting, request, new StreamAsker(answers, request.executionId));
          }
        }
        read = true;
        if (open === 0) outbox.end();
      };
      context.signal.addEventListener("abort", () => outbox.end(), { once: true });
      // A stream that breaks leaves its executions running: a caller that comes back asks again by their ids.
      readAll().catch(() => outbox.end());
      return outbox;
    },
  });
}

/** How a stream answers what was asked under an id. */
interface StreamAnswers {
  ended(end: ExecutionEnd, askedAs: string): void;
  refused(refusal: HearthError | Rejection, askedAs: string): void;
  /** It could not be accepted or refused. */
  failed(thrown: unknown, askedAs: string): void;
}

/** There are as many as executions wait: it keeps the id of its request, and not all of it. */
class StreamAsker implements Asker {
  readonly #answers: StreamAnswers;
  readonly #askedAs: string;

  constructor(answers: StreamAnswers, askedAs: string) {
    this.#answers = answers;
    this.#askedAs = askedAs;
  }

  ended(end: ExecutionEnd): void {
    this.#answers.ended(end, this.#askedAs);
  }

  submitted(submitted: Accepted | Rejection): void {
    if (submitted.kind === "reject") this.#answers.refused(submitted, this.#askedAs);
  }

  failed(thrown: unknown): void {
    this.#answers.failed(thrown, this.#askedAs);
  }
}

function unwritten(executionId: string): HearthError {
  const message = `How execution ${executionId} ended is told once it is in the journal, which takes nothing now. Ask again.`;
  return new HearthError("JOURNAL_UNAVAILABLE", message, { retryAfterMs: "1000" });
}

function unread(): HearthError {
  const what = `Over ${unreadBytesMax} bytes of answers on this stream were not read`;
  const message = `${what}. Its executions go on: ask for them again under their ids, with asked_before, and read.`;
  return new HearthError("ANSWERS_UNREAD", message, { unreadBytesMax: `${unreadBytesMax}` });
}

function bytesOf({ result, failure }: ExecutionEnd): number {
  const text = failure === undefined ? 0 : failure.message.length + failure.traceback.length;
  return text + (result?.inline.length ?? 0);
}

/** Accepts an execution of a stream, or says why not. Only where other routers have to be asked does that take a while. */
function trySubmit(accepting: AcceptExecutions, request: ExecutionRequest, asker: StreamAsker): void {
  try {
    if (request.executionId === "")
      throw new HearthError("INVALID_EXECUTION", "An execution of a stream needs an executionId.");
    const answer = accepting.submit(request, asker);
    if (!(answer instanceof Promise)) return asker.submitted(answer);
    answer.then(
      (submitted) => asker.submitted(submitted),
      (thrown: unknown) => asker.failed(thrown),
    );
  } catch (error) {
    asker.failed(error);
  }
}

function orThrow(submitted: Accepted | Rejection): Accepted {
  if (submitted.kind === "accepted") return submitted;
  throw new HearthError(submitted.reason, submitted.message, submitted.metadata);
}

/** The execution of a request; the trace context of the call's own headers counts when the message has none. */
function required(execution: ExecutionRequest | undefined, traceparent: string | undefined): ExecutionRequest {
  if (execution === undefined) throw new HearthError("INVALID_EXECUTION", "execution is missing. Say what to run.");
  if (execution.traceparent !== "" || execution.unsampled || traceparent === undefined) return execution;
  return create(ExecutionRequestSchema, { ...execution, traceparent });
}
