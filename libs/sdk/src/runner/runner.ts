import { AsyncLocalStorage } from "node:async_hooks";
import { pathToFileURL } from "node:url";
import { NumberedMap } from "@hearth/passing-map";
import type { Frame, FrameSocket, WireFailure } from "@hearth/runner-protocol";
import { decodeArguments } from "../payload/decode.ts";
import { encodeResult } from "../payload/encode.ts";
import { PayloadError } from "../payload/payload-error.ts";
import { registry, type DeclaredTask } from "../task/registry.ts";
import { Attempt } from "./attempt.ts";
import { boundFailure } from "./bound-failure.ts";
import { Calls } from "./calls.ts";
import { captureOutput } from "./capture-output.ts";
import { describeFailure } from "./describe-failure.ts";
import { mapStackTraces } from "./map-stack-traces.ts";
import { Parking } from "./parking.ts";

type FrameOf<K extends Frame["kind"]> = Extract<Frame, { kind: K }>;

const nothing = new Uint8Array();

/** The runner's side of docs/runner-protocol.md: loads the bundle once, then runs attempts in it. */
export class Runner {
  readonly #socket: FrameSocket;
  readonly #calls: Calls;
  readonly #attempts = new NumberedMap<Attempt>();
  readonly #context = new AsyncLocalStorage<Attempt>();
  #place: { readonly environment: string; readonly replicaId: string };
  #bundle = "";
  #tasks: ReadonlyMap<string, DeclaredTask> = new Map();

  constructor(socket: FrameSocket, replicaId: string) {
    this.#socket = socket;
    this.#place = { environment: "", replicaId };
    this.#calls = new Calls(socket);
  }

  /** Says hello, and takes over what belongs to the process: output, stray errors, the registry's host. */
  start(): void {
    const header = { pid: process.pid, language: "node", runtime: `Node ${process.versions.node}` };
    this.#socket.send({ kind: "hello", header, body: nothing });
    captureOutput(() => this.#context.getStore());
    process.on("uncaughtException", (error) => this.#stray(error));
    process.on("unhandledRejection", (reason) => this.#stray(reason));
    registry().host = {
      current: () => this.#context.getStore()?.current,
      call: (environment, task, args, options) => {
        const attempt = this.#context.getStore();
        if (attempt === undefined) {
          throw new Error(
            "A task was called outside of any task, while the code was loaded or from a timer of its own.",
          );
        }
        return this.#calls.call(attempt, { environment, task, args, options });
      },
    };
  }

  receive(frame: Frame): void {
    switch (frame.kind) {
      case "load":
        void this.#load(frame.header);
        return;
      case "execute":
        this.#execute(frame);
        return;
      case "cancel":
        this.#cancel(frame.header.attempt);
        return;
      case "callEnded":
        this.#calls.ended(frame);
        return;
      case "ping":
        this.#socket.send({ kind: "pong", header: {}, body: nothing });
        return;
      default:
        throw new Error(`The agent sent a frame of kind ${frame.kind}, which only runners send.`);
    }
  }

  async #load(header: FrameOf<"load">["header"]): Promise<void> {
    this.#place = { ...this.#place, environment: header.environment };
    this.#bundle = header.bundle;
    const bundle = pathToFileURL(header.bundle);
    mapStackTraces(bundle);
    try {
      await import(bundle.href);
    } catch (error) {
      this.#loadFailed(describeFailure("CODE_IMPORT_FAILED", error, header.bundle));
      return;
    }
    this.#tasks = registry().environments.get(header.environment)?.tasks ?? new Map<string, DeclaredTask>();
    const missing = header.tasks.map((task) => task.name).filter((name) => !this.#tasks.has(name));
    if (missing.length > 0) {
      const there = [...this.#tasks.keys()].join(", ") || "none";
      const message = `The code loaded, but environment "${header.environment}" declares no task ${missing.join(", ")} in it. Declared: ${there}. Tasks have to be declared when their file is loaded.`;
      this.#loadFailed({ reason: "ENTRYPOINT_NOT_FOUND", message });
      return;
    }
    this.#socket.send({ kind: "loaded", header: {}, body: nothing });
  }

  #loadFailed(failure: WireFailure): void {
    this.#socket.send({ kind: "loadFailed", header: { failure: boundFailure(failure) }, body: nothing });
  }

  #execute({ header, body }: FrameOf<"execute">): void {
    const parking = new Parking(() =>
      this.#socket.send({ kind: "park", header: { attempt: header.attempt }, body: nothing }),
    );
    const attempt = new Attempt(header, { place: this.#place, parking, socket: this.#socket });
    this.#attempts.set(attempt.number, attempt);
    void this.#context.run(attempt, () => this.#run(attempt, body));
  }

  async #run(attempt: Attempt, body: Uint8Array): Promise<void> {
    try {
      const task = this.#tasks.get(attempt.task);
      if (task === undefined) throw new UnknownTask(attempt.task);
      const args = decodeArguments(body);
      attempt.started();
      // Nothing of the runner is then on the stack below the user's code, and so in its tracebacks.
      await Promise.resolve();
      const value = await (task.run as (...args: unknown[]) => unknown)(...args);
      const result = attempt.cancelled ? undefined : encodeResult(value);
      if (result === undefined) attempt.endCancelled();
      else attempt.succeed(result);
    } catch (thrown) {
      if (attempt.cancelled) attempt.endCancelled();
      else attempt.fail(this.#describe(thrown));
    } finally {
      this.#forget(attempt);
    }
  }

  #describe(thrown: unknown): WireFailure {
    if (thrown instanceof PayloadError) return { reason: thrown.reason, message: thrown.message };
    if (thrown instanceof UnknownTask) return { reason: "ENTRYPOINT_NOT_FOUND", message: thrown.message };
    return describeFailure("TASK_FAILED", thrown, this.#bundle);
  }

  #cancel(number: number): void {
    const attempt = this.#attempts.get(number);
    if (attempt === undefined) return;
    this.#context.run(attempt, () => attempt.cancel());
    this.#calls.giveUp(attempt);
  }

  #forget(attempt: Attempt): void {
    this.#attempts.take(attempt.number);
    this.#calls.giveUp(attempt);
  }

  /** An error that no code caught ends the attempt it belongs to, and never the process with all its attempts. */
  #stray(error: unknown): void {
    const attempt = this.#context.getStore();
    if (attempt === undefined || attempt.ended) {
      const { exceptionType, message, traceback } = describeFailure("TASK_FAILED", error, this.#bundle);
      this.#context.exit(() =>
        process.stderr.write(`Uncaught outside of any task: ${traceback ?? `${exceptionType ?? ""}: ${message}`}\n`),
      );
      return;
    }
    attempt.fail(describeFailure("TASK_FAILED", error, this.#bundle));
    this.#context.run(attempt, () => attempt.cancel());
    this.#forget(attempt);
  }
}

class UnknownTask extends Error {
  constructor(task: string) {
    super(`The loaded code has no task "${task}".`);
  }
}
