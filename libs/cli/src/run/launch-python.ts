import { HearthError } from "@hearth/errors";
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import type { LaunchedRun, LaunchOptions } from "./launch.ts";

/** Asks the Python package to deploy what the file declares and to start the run. */
export async function launchPython(
  file: string,
  task: string,
  args: Readonly<Record<string, string>>,
  options: LaunchOptions,
): Promise<LaunchedRun> {
  const python = process.env["HEARTH_PYTHON"] ?? "python3";
  const words = Object.entries(args).flatMap(([name, value]) => [`--${name}`, value]);
  const output = await capture(python, [
    "-m",
    "hearth.launch",
    "--detach",
    "--json",
    ...toFlags(options),
    file,
    task,
    ...words,
  ]);
  return JSON.parse(output.trim().split("\n").at(-1) ?? "") as LaunchedRun;
}

function toFlags({ priority, affinityKey, freshReplica, ...limits }: LaunchOptions): readonly string[] {
  const { retries, timeoutMs, queueTimeoutMs, deadline, idempotencyKey } = limits;
  return [
    ...(priority === undefined ? [] : [`--priority=${priority}`]),
    ...(affinityKey === undefined ? [] : [`--affinity-key=${affinityKey}`]),
    ...(freshReplica ? ["--fresh-replica"] : []),
    ...(retries === undefined ? [] : [`--retries=${retries}`]),
    ...(timeoutMs === undefined ? [] : [`--timeout=${timeoutMs / 1_000}`]),
    ...(queueTimeoutMs === undefined ? [] : [`--queue-timeout=${queueTimeoutMs / 1_000}`]),
    ...(deadline === undefined ? [] : [`--deadline=${deadline.toISOString().replace("Z", "+00:00")}`]),
    ...(idempotencyKey === undefined ? [] : [`--idempotency-key=${idempotencyKey}`]),
  ];
}

function capture(python: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(python, args, {
      stdio: ["ignore", "pipe", "inherit"],
      env: { ...process.env, ...pythonPath() },
    });
    let output = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
    child.once("error", (error) => {
      const message = `${python} cannot be started: ${error.message}. Install Python 3.10 or later, or set HEARTH_PYTHON to its path.`;
      reject(new HearthError("FILE_NOT_RUNNABLE", message));
    });
    child.once("close", (code) => {
      if (code === 0) resolve(output);
      else reject(new HearthError("FILE_NOT_RUNNABLE", "The program did not start a run; what it said is above."));
    });
  });
}

/** In a checkout the Python package beside this one comes after the user's own module path. */
function pythonPath(): Readonly<Record<string, string>> {
  const source = nearestPythonSource(import.meta.dirname);
  const paths = [process.env["PYTHONPATH"], source].filter((path) => path !== undefined && path !== "");
  return paths.length === 0 ? {} : { PYTHONPATH: paths.join(delimiter) };
}

function nearestPythonSource(folder: string): string | undefined {
  const candidate = join(folder, "libs", "sdk-python", "src");
  if (existsSync(candidate)) return candidate;
  const parent = dirname(folder);
  return parent === folder ? undefined : nearestPythonSource(parent);
}
