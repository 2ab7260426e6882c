import { spawn, type ChildProcess } from "node:child_process";
import { join } from "node:path";

export const checkout = join(import.meta.dirname, "..", "..", "..");
const commandLine = join(checkout, "dist", "hearth.mjs");

/** How a command ended. */
export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command on its way. */
export interface Running {
  readonly child: ChildProcess;
  readonly finished: Promise<Finished>;
  /** What it has printed so far. */
  readonly soFar: { stdout: string; stderr: string };
}

/** Starts the bundled `hearth`, as a user would. */
export function startHearth(
  args: readonly string[],
  options: { readonly cwd?: string; readonly variables?: Readonly<Record<string, string>> } = {},
): Running {
  const child = spawn(process.execPath, [commandLine, ...args], {
    cwd: options.cwd ?? checkout,
    env: { ...process.env, ...options.variables },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const soFar = { stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => (soFar.stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (soFar.stderr += text));
  const finished = new Promise<Finished>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, ...soFar }));
  });
  return { child, finished, soFar };
}

/** Runs it to its end. */
export function runHearth(...args: Parameters<typeof startHearth>): Promise<Finished> {
  return startHearth(...args).finished;
}
