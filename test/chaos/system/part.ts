import { spawn, type ChildProcess, type SpawnOptions } from "node:child_process";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import type { FaultKind } from "../plan/plan-faults.ts";

/** A process that is kept running, as an operator's platform would keep it. */
export interface PartSpec {
  readonly kind: Exclude<FaultKind, "agent" | "runner">;
  readonly name: string;
  readonly command: string;
  readonly arguments: readonly string[];
  readonly spawn: SpawnOptions;
  /** Whether what it printed since its start says that it is ready. */
  readonly isReady: (output: string) => boolean;
}

const startAgainAfterMs = 300;
const readyBoundMs = 90_000;
const outputMax = 20_000;

export class Part {
  readonly spec: PartSpec;
  readonly #log: string;
  readonly #say: (text: string) => void;
  #child: ChildProcess | undefined;
  #ready = Promise.withResolvers<void>();
  #stopping = false;

  constructor(spec: PartSpec, log: string, say: (text: string) => void) {
    this.spec = spec;
    this.#log = log;
    this.#say = say;
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** Starts it, now and whenever it ends; resolves when it is ready. */
  start(): Promise<void> {
    void this.#keepRunning();
    return this.ready();
  }

  /** Resolves when it is ready, at once if it is. Throws when that takes a minute and a half. */
  async ready(): Promise<void> {
    const bound = new AbortController();
    const late = delay(readyBoundMs, "late", { signal: bound.signal }).catch(() => "left");
    const how = await Promise.race([this.#ready.promise, late]);
    bound.abort();
    if (how === "late")
      throw new Error(`${this.spec.name} was not ready within ${readyBoundMs / 1_000} s: ${this.#log}`);
  }

  signal(signal: NodeJS.Signals): void {
    this.#child?.kill(signal);
  }

  /** Ends it with the signal; resolves when it runs again. */
  async endWith(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return this.ready();
    const gone = once(child, "exit");
    this.signal(signal);
    await gone;
    await this.ready();
  }

  /** Ends it for good. */
  async stop(signal: NodeJS.Signals): Promise<void> {
    this.#stopping = true;
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, "exit");
    child.kill("SIGCONT");
    child.kill(signal);
    const force = setTimeout(() => child.kill("SIGKILL"), 5_000);
    await gone;
    clearTimeout(force);
  }

  async #keepRunning(): Promise<void> {
    for (;;) {
      const how = await this.#run();
      if (this.#stopping) return;
      this.#say(`${this.spec.name} ended (${how}) and is started again`);
      await delay(startAgainAfterMs);
    }
  }

  /** One process from its start to its end. */
  async #run(): Promise<string> {
    const { command, arguments: args, spawn: options, isReady } = this.spec;
    // A group of its own: a Ctrl-C in the terminal reaches it through us only.
    const child = spawn(command, args, { ...options, detached: true, stdio: ["ignore", "pipe", "pipe"] });
    this.#child = child;
    const ready = this.#ready;
    const log = createWriteStream(this.#log, { flags: "a" });
    log.write(`--- ${new Date().toISOString()} process ${child.pid ?? 0}\n`);
    let output = "";
    const read = (chunk: Buffer): void => {
      // Its children may write on when it has ended.
      if (!log.writableEnded) log.write(chunk);
      output = (output + chunk.toString()).slice(-outputMax);
      if (isReady(output)) ready.resolve();
    };
    child.stdout.on("data", read);
    child.stderr.on("data", read);
    const killWithUs = (): void => void child.kill("SIGKILL");
    process.once("exit", killWithUs);
    const how = await new Promise<string>((resolve) => {
      child.once("error", (error) => resolve(error.message));
      child.once("exit", (code, signal) => resolve(signal ?? `exit code ${code ?? 0}`));
    });
    process.off("exit", killWithUs);
    log.end();
    this.#ready = Promise.withResolvers<void>();
    return how;
  }
}
