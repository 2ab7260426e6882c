import type { RunnerDeath } from "../core/explain-death.ts";
import { FrameSocket, type Frame } from "@hearth/runner-protocol";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** How long the last of a runner's output may take to arrive once it has ended. */
const lastWordsMs = 500;

/** Lines of the runner's own output that are kept to explain how it died. */
const lastLinesMax = 20;

/** The process that holds the user's code. */
export interface RunnerProcess {
  readonly pid: number;
  send(frame: Frame): void;
  /** Ends it by force, now. */
  kill(): void;
  /** Closes its socket, at which it leaves; after `graceMs` it is killed. */
  stop(graceMs: number): void;
}

export type StartRunner = typeof startRunner;

/**
 * Starts a runner that will connect to a socket of its own. `frame` gets what it says; `gone` is called once, when the
 * process has ended.
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
        child.kill("SIGKILL");
      },
    });
  });
  server.listen(path);
  const child = spawn(program, args, {
    env: { ...options.variables, HEARTH_RUNNER_SOCKET: path },
    stdio: ["ignore", "pipe", "pipe"],
  });
  preferForOutOfMemory(child.pid);
  const lastLines = keepLastLines(child.stdout, child.stderr);
  let ended = false;
  const end = (exitCode: number | null, signal: string | null, problem: string): void => {
    if (ended) return;
    ended = true;
    server.close();
    rmSync(folder, { recursive: true, force: true });
    options.gone({
      exitCode: exitCode ?? undefined,
      signal: signal ?? undefined,
      problem,
      lastOutput: lastLines(),
    });
  };
  child.on("error", (error) => end(null, null, `it could not be started (${error.message})`));
  child.on("close", (code, signal) => end(code, signal, broken?.message ?? ""));
  // A process it left behind may hold its output open for as long as it likes.
  child.on("exit", (code, signal) => {
    const patience = setTimeout(() => {
      end(code, signal, broken?.message ?? "");
      child.stdout.destroy();
      child.stderr.destroy();
    }, lastWordsMs);
    child.on("close", () => clearTimeout(patience));
  });
  return {
    pid: child.pid ?? 0,
    send: (frame) => connection?.send(frame),
    kill: () => void child.kill("SIGKILL"),
    stop(graceMs) {
      if (connection === undefined) child.kill("SIGKILL");
      else connection.end();
      setTimeout(() => child.kill("SIGKILL"), graceMs).unref();
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

/** Passes output on to the agent's own and keeps the last lines of it. */
function keepLastLines(...streams: NodeJS.ReadableStream[]): () => string {
  let lines: string[] = [];
  for (const stream of streams) {
    stream.on("data", (chunk: Buffer) => {
      process.stderr.write(chunk);
      lines = [...lines, ...chunk.toString("utf8").split("\n")]
        .filter((line) => line.trim() !== "")
        .slice(-lastLinesMax);
    });
  }
  return () => lines.join("\n");
}
