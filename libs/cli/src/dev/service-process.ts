import { spawn } from "node:child_process";
import { createWriteStream, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { identify } from "@hearth/process-identity";
import type { ServiceSpec } from "./services.ts";

/** A started process of a service. */
export interface ServiceProcess {
  /** Resolves when it says that it is ready. Stays open when it ends before that. */
  readonly ready: Promise<undefined>;
  /** Resolves when it has ended, with how, such as "exit code 1" or "SIGKILL", and the last lines it printed. */
  readonly ended: Promise<{ readonly how: string; readonly lastLines: string }>;
  signal(signal: NodeJS.Signals): void;
}

const lastLinesMax = 20;
const logBytesMax = 16 * 1024 * 1024;

/**
 * Starts a service in a process group of its own, so that a Ctrl-C in the terminal reaches it through us only. Its
 * output goes to logs/<name>.log, its identity to processes/<name>.json for as long as it lives.
 */
export function startServiceProcess(spec: ServiceSpec, stateDir: string, echo: (line: string) => void): ServiceProcess {
  const child = spawn(spec.command, spec.args, {
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...spec.variables },
  });
  const identityFile = join(stateDir, "processes", `${spec.name}.json`);
  if (child.pid !== undefined) writeFileSync(identityFile, JSON.stringify(identify(child.pid) ?? null));

  const log = openLog(join(stateDir, "logs", `${spec.name}.log`));
  const lastLines: string[] = [];
  const ready = Promise.withResolvers<undefined>();
  for (const output of [child.stdout, child.stderr]) {
    createInterface({ input: output }).on("line", (line) => {
      log.write(`${line}\n`);
      echo(line);
      if (lastLines.push(line) > lastLinesMax) lastLines.shift();
      if (spec.isReady(line)) ready.resolve(undefined);
    });
  }

  const ended = Promise.withResolvers<{ how: string; lastLines: string }>();
  const end = (how: string): void => {
    rmSync(identityFile, { force: true });
    log.end();
    ended.resolve({ how, lastLines: lastLines.join("\n") });
  };
  child.once("error", (error) => end(error.message));
  // "close" comes once its output has been read, unless a grandchild holds the pipe: then "exit" is what counts.
  child.once("exit", (code, signal) => setImmediate(end, signal ?? `exit code ${code ?? 0}`));
  return { ready: ready.promise, ended: ended.promise, signal: (signal) => void child.kill(signal) };
}

/** Appends; a log over its bound becomes <name>.log.1 first, in place of an earlier one. */
function openLog(path: string): NodeJS.WritableStream {
  const bytes = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (bytes > logBytesMax) renameSync(path, `${path}.1`);
  return createWriteStream(path, { flags: "a" });
}
