import type { Clock } from "@hearth/clock";
import { HearthError } from "@hearth/errors";
import type { Frame, WireFailure } from "@hearth/runner-protocol";
import type { Logger } from "@hearth/telemetry";
import type { AgentConfig } from "../config.ts";
import { explainDeath, type DeathCause, type RunnerDeath } from "../core/explain-death.ts";
import type { ProcessMemory } from "../io/process-memory.ts";
import type { RunnerProcess, StartRunner } from "../io/runner-process.ts";

const restartDelayMsMin = 200;
const restartDelayMsMax = 10_000;
const stopGraceMs = 2_000;
/** Deaths before the code was ever loaded that are enough to give up. */
const hopelessAfterDeaths = 3;
/** How often a runner's memory is looked at, with and without a limit to enforce. */
const lookEveryMs = { limited: 100, unlimited: 1_000 };

/** What the runner is up to. In `failed` the code could not be loaded, and never will be. */
export type RunnerState =
  | { readonly kind: "starting" }
  | { readonly kind: "loaded" }
  | { readonly kind: "failed"; readonly failure: WireFailure }
  | { readonly kind: "stopped" };

/** What the supervisor tells the owner of the attempts. */
export interface RunnerEvents {
  /** Attempts may be sent. */
  loaded(): void;
  /** The code cannot be loaded. */
  loadFailed(failure: WireFailure): void;
  /** Something about attempts. */
  frame(frame: Frame): void;
  /** The runner died. */
  crashed(cause: DeathCause): void;
  /** The runner dies again and again before the code is loaded: this replica will never serve. */
  hopeless(cause: DeathCause): void;
}

/** Keeps a runner alive with the user's code in it: starts it, loads the bundle, and starts another one when it dies. */
export class RunnerSupervisor {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #config: AgentConfig;
  readonly #start: StartRunner;
  readonly #bundle: Promise<string>;
  readonly #variables: NodeJS.ProcessEnv;
  #events!: RunnerEvents;
  readonly #memory: ProcessMemory;
  #process: RunnerProcess | undefined;
  #heldBytes = 0;
  #endedForMemory = false;
  /** Why it is being replaced. Empty: it is not. */
  #replacedFor = "";
  #killsBefore = 0;
  #wasReady = false;
  #state: RunnerState = { kind: "starting" };
  /** Deaths since an attempt last ended properly. */
  #deaths = 0;

  constructor(options: {
    readonly clock: Clock;
    readonly logger: Logger;
    readonly config: AgentConfig;
    readonly startRunner: StartRunner;
    /** The path of the code bundle. */
    readonly bundle: Promise<string>;
    readonly variables: NodeJS.ProcessEnv;
    readonly memory: ProcessMemory;
  }) {
    this.#clock = options.clock;
    this.#logger = options.logger;
    this.#config = options.config;
    this.#start = options.startRunner;
    this.#bundle = options.bundle;
    this.#variables = options.variables;
    this.#memory = options.memory;
    // It is awaited when a runner has said hello; until then a failure is nobody's.
    this.#bundle.catch(() => undefined);
  }

  get state(): RunnerState {
    return this.#state;
  }

  /** Process id of the runner, 0 while there is none. */
  get pid(): number {
    return this.#process?.pid ?? 0;
  }

  /** What the runner held when it was last looked at. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** Whether attempts get somewhere: the code was loaded, or is known not to load, which is their outcome. */
  get wasReady(): boolean {
    return this.#wasReady;
  }

  start(events: RunnerEvents): void {
    this.#events = events;
    this.#launch();
    const limited = this.#config.memoryLimitBytes !== undefined;
    this.#clock.every(limited ? lookEveryMs.limited : lookEveryMs.unlimited, () => this.#lookAtMemory());
  }

  send(frame: Frame): void {
    this.#process?.send(frame);
  }

  /** Ends this runner and starts another one, which counts as nobody's death. What it had is told as lost. */
  replace(reason: string): void {
    if (this.#process === undefined) return;
    this.#replacedFor = reason;
    this.#process.kill();
  }

  /** Ends the runner for good. Settled when it has gone. */
  async stop(): Promise<void> {
    this.#state = { kind: "stopped" };
    await this.#process?.stop(stopGraceMs);
  }

  #launch(): void {
    if (this.#state.kind === "stopped") return;
    this.#endedForMemory = false;
    this.#replacedFor = "";
    this.#heldBytes = 0;
    this.#killsBefore = this.#memory.kernelKills();
    const runner = this.#start({
      command: this.#config.runnerCommand,
      variables: this.#variables,
      frame: (frame) => this.#receive(runner, frame),
      gone: (death) => this.#gone(runner, death),
    });
    this.#process = runner;
  }

  #receive(runner: RunnerProcess, frame: Frame): void {
    if (runner !== this.#process) return;
    switch (frame.kind) {
      case "hello":
        this.#logger.debug({ runnerPid: frame.header.pid, runtime: frame.header.runtime }, "runner connected");
        void this.#load(runner);
        return;
      case "loaded":
        this.#logger.info({ runnerPid: runner.pid }, "runner is ready");
        this.#state = { kind: "loaded" };
        this.#wasReady = true;
        return this.#events.loaded();
      case "loadFailed":
        return this.#loadFailed(frame.header.failure);
      default:
        if (frame.kind === "ended") this.#deaths = 0;
        return this.#events.frame(frame);
    }
  }

  async #load(runner: RunnerProcess): Promise<void> {
    const { tasks, environment, version, concurrency } = this.#config;
    try {
      const header = { bundle: await this.#bundle, tasks, environment, version, concurrency };
      runner.send({ kind: "load", header, body: new Uint8Array() });
    } catch (error) {
      const reason = error instanceof HearthError ? error.reason : "BUNDLE_NOT_FOUND";
      this.#loadFailed({ reason, message: (error as Error).message });
    }
  }

  #loadFailed(failure: WireFailure): void {
    this.#logger.warn({ reason: failure.reason }, "the code cannot be loaded");
    this.#state = { kind: "failed", failure };
    this.#wasReady = true;
    this.#events.loadFailed(failure);
  }

  #lookAtMemory(): void {
    const runner = this.#process;
    if (runner === undefined) return;
    this.#heldBytes = this.#memory.heldBytes(runner.pid);
    if (this.#heldBytes <= (this.#config.memoryLimitBytes ?? Infinity)) return;
    this.#endedForMemory = true;
    runner.kill();
  }

  #gone(runner: RunnerProcess, death: RunnerDeath): void {
    if (runner !== this.#process) return;
    this.#process = undefined;
    if (this.#state.kind === "stopped" || this.#state.kind === "failed") return;
    this.#state = { kind: "starting" };
    if (this.#replacedFor !== "") {
      const reason = this.#replacedFor;
      this.#logger.warn({ reason }, "runner replaced");
      this.#events.crashed({ reason: "RUNNER_CRASHED", message: `it was replaced: ${reason}` });
      return this.#launch();
    }
    this.#deaths += 1;
    const delayMs = this.#deaths === 1 ? 0 : Math.min(restartDelayMsMax, restartDelayMsMin * 2 ** (this.#deaths - 2));
    const cause = explainDeath(death, {
      heldBytes: this.#heldBytes,
      limitBytes: this.#config.memoryLimitBytes,
      endedByAgent: this.#endedForMemory,
      endedByKernel: this.#memory.kernelKills() > this.#killsBefore,
    });
    this.#heldBytes = 0;
    this.#logger.warn({ ...cause, delayMs }, "runner died; another one is started");
    this.#events.crashed(cause);
    if (!this.#wasReady && this.#deaths >= hopelessAfterDeaths) return this.#events.hopeless(cause);
    this.#clock.after(delayMs, () => this.#launch());
  }
}
