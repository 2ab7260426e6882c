import { ExecutionPhase, type Failure, type LogLine, type Run as RunMessage } from "@hearth/proto";
import { decodeResult } from "../payload/decode.ts";
import { toTaskError } from "../task/task-error.ts";
import type { ControlPlane } from "./control-plane.ts";
import { readPayload } from "./payloads.ts";
import { followLogs, followRun } from "./follow.ts";

export type RunPhase = "queued" | "running" | "succeeded" | "failed" | "timed_out" | "cancelled";

const phases: Readonly<Record<ExecutionPhase, RunPhase>> = {
  [ExecutionPhase.UNSPECIFIED]: "queued",
  [ExecutionPhase.QUEUED]: "queued",
  [ExecutionPhase.RUNNING]: "running",
  [ExecutionPhase.SUCCEEDED]: "succeeded",
  [ExecutionPhase.FAILED]: "failed",
  [ExecutionPhase.TIMED_OUT]: "timed_out",
  [ExecutionPhase.CANCELLED]: "cancelled",
};

/** A root execution and everything it calls, as the program that asked for it sees it. */
export class Run<R> {
  readonly #controlPlane: ControlPlane;
  #state: RunMessage;

  constructor(controlPlane: ControlPlane, state: RunMessage) {
    this.#controlPlane = controlPlane;
    this.#state = state;
  }

  get name(): string {
    return this.#state.name;
  }

  /** A page that shows the run. */
  get url(): string {
    return this.#state.url;
  }

  /** As last heard of. */
  get phase(): RunPhase {
    return phases[this.#state.phase];
  }

  /** Waits until it has ended, in whatever way; a control plane that is away meanwhile is waited for (`Installation`). */
  async wait(): Promise<this> {
    if (this.#ended()) return this;
    for await (const state of followRun(this.#controlPlane, this.name)) this.#state = state;
    return this;
  }

  /** The result, once it has ended. Throws `TaskError` with the remote traceback when there is none. */
  async outputs(): Promise<R> {
    await this.wait();
    // What CreateRun and watches say may leave the result out of a state; GetRun never does.
    const { run = this.#state } = await this.#controlPlane.runs.getRun({ name: this.name });
    if (run.phase === ExecutionPhase.SUCCEEDED)
      return decodeResult(await readPayload(this.#controlPlane.payloads, run.result)) as R;
    const phase = phases[run.phase];
    const outcome = phase === "timed_out" || phase === "cancelled" ? phase : "failed";
    throw toTaskError(outcome, run.failure ?? missingFailure(phase));
  }

  /** Asks for it to end; its outcome says whether that came in time. */
  async cancel(): Promise<void> {
    await this.#controlPlane.runs.cancelRun({ name: this.name });
  }

  /**
   * What its tasks printed, oldest first; with `follow` also what they print from now on, until it has ended. A control plane
   * that is away meanwhile is waited for.
   */
  logs(options: { readonly follow?: boolean } = {}): AsyncGenerator<LogLine, void> {
    return followLogs(this.#controlPlane, { run: this.name, follow: options.follow ?? false });
  }

  #ended(): boolean {
    return this.phase !== "queued" && this.phase !== "running";
  }
}

function missingFailure(phase: RunPhase): Pick<Failure, "reason" | "message"> {
  return { reason: "INTERNAL", message: `The run is ${phase}, and nothing says why.` };
}
