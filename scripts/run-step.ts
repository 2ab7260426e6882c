import { spawn } from "node:child_process";
import { delimiter, join } from "node:path";

export const root = join(import.meta.dirname, "..");

/** The tools of this checkout come first, the Node that runs this script before all. */
const path = [join(root, "node_modules", ".bin"), process.env["PATH"] ?? ""].join(delimiter);

/** Runs a program in the checkout with its output shown here. Answers with its exit code; 127 when it is not there. */
export function runStep(
  command: string,
  args: readonly string[],
  options: { readonly cwd?: string; readonly variables?: Readonly<Record<string, string>> } = {},
): Promise<number> {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: options.cwd ?? root,
      stdio: ["ignore", "inherit", "inherit"],
      env: { ...process.env, PATH: path, ...options.variables },
    });
    child.once("error", (error) => {
      console.error(`${command}: ${error.message}`);
      resolve(127);
    });
    child.once("exit", (code) => resolve(code ?? 1));
  });
}
