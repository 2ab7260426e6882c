import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

/**
 * Runs a command to its end, with these process variables beside our own, telling of every line it writes. Rejects
 * unless it exits with 0.
 */
export async function runCommand(
  command: string,
  args: readonly string[],
  variables: Readonly<Record<string, string>>,
  onLine: (line: string) => void,
): Promise<void> {
  const child = spawn(command, args, { env: { ...process.env, ...variables }, stdio: ["ignore", "pipe", "pipe"] });
  const reading = [child.stdout, child.stderr].map(async (stream) => {
    for await (const line of createInterface({ input: stream })) onLine(line);
  });
  const problem = await new Promise<string | undefined>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => resolve(code === 0 ? undefined : (signal ?? `exit code ${String(code)}`)));
  });
  await Promise.all(reading);
  if (problem !== undefined) throw new Error(problem);
}
