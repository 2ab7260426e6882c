import { join } from "node:path";
import { CliFailure } from "../cli-failure.ts";
import { restartDelay } from "./restart-delay.ts";
import { startServiceProcess, type ServiceProcess } from "./service-process.ts";
import type { ServiceSpec } from "./services.ts";

const readyTimeoutMs = 60_000;

type State =
  | { readonly kind: "new" }
  /** A process lives, ready or on its way there. */
  | { readonly kind: "up"; readonly process: ServiceProcess; readonly readyAtMs: number | undefined }
  /** The process died; the timer starts the next one. */
  | { readonly kind: "down"; readonly timer: NodeJS.Timeout }
  /** Asked to stop; nothing starts any more. */
  | { readonly kind: "stopping"; readonly process: ServiceProcess | undefined };

/** Keeps one service running: a process that dies is started again, after a delay that grows while it keeps dying. */
export class SupervisedService {
  readonly #spec: ServiceSpec;
  readonly #stateDir: string;
  readonly #say: (text: string) => void;
  readonly #echo: boolean;
  #state: State = { kind: "new" };
  #failures = 0;

  constructor(options: {
    readonly spec: ServiceSpec;
    readonly stateDir: string;
    readonly say: (text: string) => void;
    readonly echo: boolean;
  }) {
    this.#spec = options.spec;
    this.#stateDir = options.stateDir;
    this.#say = options.say;
    this.#echo = options.echo;
  }

  /** Starts it; resolves when it is ready. A first process that ends or takes too long is SERVICE_NOT_STARTING. */
  async start(): Promise<void> {
    const process = this.#launch();
    const failed = await this.#outcome(process);
    if (failed === undefined) return void this.#supervise(process);
    if (this.#state.kind === "stopping") return;
    this.#state = { kind: "stopping", process: undefined };
    const message = `${this.#spec.name} did not get ready: ${failed}\nIts log is ${this.#logFile}.`;
    throw new CliFailure("SERVICE_NOT_STARTING", message);
  }

  /** Ends it in order, or by force when its grace period is over. */
  async stop(): Promise<void> {
    const process = this.#retire();
    if (process === undefined) return;
    process.signal("SIGTERM");
    const force = setTimeout(() => {
      this.#say(`${this.#spec.name} did not stop within ${this.#spec.graceMs / 1_000} s and is killed.`);
      process.signal("SIGKILL");
    }, this.#spec.graceMs);
    await process.ended;
    clearTimeout(force);
  }

  /** Ends it by force. */
  async kill(): Promise<void> {
    const process = this.#retire();
    process?.signal("SIGKILL");
    await process?.ended;
  }

  get #logFile(): string {
    return join(this.#stateDir, "logs", `${this.#spec.name}.log`);
  }

  #launch(): ServiceProcess {
    const echo = this.#echo ? (line: string) => this.#say(`[${this.#spec.name}] ${line}`) : () => undefined;
    const process = startServiceProcess(this.#spec, this.#stateDir, echo);
    this.#state = { kind: "up", process, readyAtMs: undefined };
    return process;
  }

  /** Undefined once the process is ready; else why it never was. */
  async #outcome(process: ServiceProcess): Promise<string | undefined> {
    const timeout = setTimeout(() => process.signal("SIGKILL"), readyTimeoutMs);
    const failed = await Promise.race([
      process.ready.then(() => undefined),
      process.ended.then(({ how, lastLines }) => `${how}\n${lastLines}`),
    ]);
    clearTimeout(timeout);
    if (failed === undefined && this.#state.kind === "up") {
      this.#state = { kind: "up", process, readyAtMs: Date.now() };
    }
    return failed;
  }

  /** Waits for the process to die, and then for the time to start the next one. */
  async #supervise(process: ServiceProcess): Promise<void> {
    const { how } = await process.ended;
    if (this.#state.kind !== "up") return;
    const { readyAtMs } = this.#state;
    const readyMs = readyAtMs === undefined ? 0 : Date.now() - readyAtMs;
    const { failures, delayMs } = restartDelay(this.#failures + 1, readyMs);
    this.#failures = failures;
    this.#say(
      `${this.#spec.name} ended (${how}); it starts again in ${delayMs / 1_000} s. Its log is ${this.#logFile}.`,
    );
    this.#state = { kind: "down", timer: setTimeout(() => void this.#restart(), delayMs) };
  }

  async #restart(): Promise<void> {
    const process = this.#launch();
    const failed = await this.#outcome(process);
    if (failed === undefined) this.#say(`${this.#spec.name} is ready again.`);
    await this.#supervise(process);
  }

  /** From now on nothing is started. Answers with the process that is left to end. */
  #retire(): ServiceProcess | undefined {
    const process = this.#state.kind === "up" || this.#state.kind === "stopping" ? this.#state.process : undefined;
    if (this.#state.kind === "down") clearTimeout(this.#state.timer);
    this.#state = { kind: "stopping", process };
    return process;
  }
}
