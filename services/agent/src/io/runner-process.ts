import type { RunnerDeath } from "../core/explain-death.ts";
import { endFamily } from "@hearth/process-identity";
import { FrameSocket, type Frame } from "@hearth/runner-protocol";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { passOnOutput } from "./runner-output.ts";

/** How long a runner's end and the last of its output may take to arrive once its connection is closed, or once it has ended. */
const lastWordsMs = 500;

/** The process that holds the user's code. */
export interface RunnerProcess {
  readonly pid: number;
  send(frame: Frame): void;
  /** Ends it and all that it started by force, now. */
  kill(): void;
  /** Closes its socket, at which it leaves; after `graceMs` it is killed. Settled when it has gone. */
  stop(graceMs: number): Promise<void>;
}

export type StartRunner = typeof startRunner;

/**
 * Starts a runner that will connect to a socket of its own. `frame` gets what it says; `gone` is called once, when the
 * process has ended. Whatever it started ends with it.
 */
export function startRunner(options: {
  readonly command: readonly string[];
  readonly variables: NodeJS.ProcessEnv;
  readonly frame: (frame: Frame) => void;
  readonly gone: (death: RunnerDeath) => void;
}): RunnerProcess {
  // mkdtemp makes a folder that only this user may enter.
  const folder = mkdtempSync(join(tmpdir(), "hearth-"));
  const path = join(folder, "runner.sock");
  const [program = "", ...args] = options.command;
  let connection: FrameSocket | undefined;
  let broken: Error | undefined;
  const server = createServer((socket) => {
    // One runner, one connection: whoever else finds the socket is turned away.
    if (connection !== undefined) {
      socket.destroy();
      return;
    }
    connection = new FrameSocket(socket, {
      receive: options.frame,
      closed(error) {
        broken = error;
        if (error !== undefined) return kill();
        // Mostly it is just ending, and how it ended says more.
        setTimeout(() => {
          if (ended) return;
          broken = new Error("it closed its connection to the agent");
          kill();
        }, lastWordsMs).unref();
      },
    });
  });
  server.listen(path);
  const child = spawn(program, args, {
    env: { ...options.variables, HEARTH_RUNNER_SOCKET: path },
    stdio: ["ignore", "pipe", "pipe"],
    // It leads a process group, so that what it starts can be ended with it.
    detached: true,
  });
  const family = { leaderPid: child.pid ?? 0, mark: `HEARTH_RUNNER_SOCKET=${path}` };
  const kill = (): void => endFamily(family);
  preferForOutOfMemory(child.pid);
  const output = passOnOutput([child.stdout, child.stderr], (bytes) => void process.stderr.write(bytes));
  let ended = false;
  const gone = Promise.withResolvers<void>();
  const end = (exitCode: number | null, signal: string | null, problem: string): void => {
    if (ended) return;
    ended = true;
    server.close();
    rmSync(folder, { recursive: true, force: true });
    output.end();
    options.gone({
      exitCode: exitCode ?? undefined,
      signal: signal ?? undefined,
      problem,
      lastOutput: output.lastLines(),
    });
    gone.resolve();
  };
  child.on("error", (error) => end(null, null, `it could not be started (${error.message})`));
  child.on("close", (code, signal) => end(code, signal, broken?.message ?? ""));
  child.on("exit", (code, signal) => {
    kill();
    // A process that got away may hold its output open for as long as it likes.
    const patience = setTimeout(() => {
      end(code, signal, broken?.message ?? "");
      child.stdout.destroy();
      child.stderr.destroy();
    }, lastWordsMs);
    child.on("close", () => clearTimeout(patience));
  });
  return {
    pid: family.leaderPid,
    send: (frame) => connection?.send(frame),
    kill,
    stop(graceMs) {
      if (connection === undefined) kill();
      else connection.end();
      setTimeout(() => {
        if (!ended) kill();
      }, graceMs).unref();
      return gone.promise;
    },
  };
}

/** The kernel is to end the runner before the agent, which tells how it ended and starts the next one. */
function preferForOutOfMemory(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    writeFileSync(`/proc/${pid}/oom_score_adj`, "1000");
  } catch {
    // Another system than Linux, or a runner that is gone already.
  }
}
