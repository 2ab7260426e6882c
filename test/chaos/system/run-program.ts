import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";

const commandLine = join(import.meta.dirname, "..", "..", "..", "dist", "hearth.mjs");

/** Runs a task of a program, as a user would, which deploys what it declares. Throws with what it printed. */
export async function runProgram(file: string, task: string, config: string): Promise<void> {
  const env = { ...process.env, HEARTH_CONFIG: config };
  await promisify(execFile)(process.execPath, [commandLine, "run", file, task], { env, timeout: 120_000 });
}
