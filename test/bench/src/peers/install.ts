import { execFile } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { peerCache } from "../paths.ts";

const run = promisify(execFile);

/** The Python of an environment that has these packages; made when it is not there. */
export async function pythonWith(name: string, packages: readonly string[]): Promise<string> {
  const folder = join(peerCache, name, "venv");
  const python = join(folder, "bin", "python");
  if (!existsSync(python)) await run("python3", ["-m", "venv", folder]);
  const pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
  await run(python, [...pip, ...packages]);
  return python;
}

/** A folder whose node_modules hold these packages. */
export async function folderWith(name: string, packages: readonly string[]): Promise<string> {
  const folder = join(peerCache, name);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), '{ "private": true, "type": "module" }\n');
  await run("npm", ["install", "--no-audit", "--no-fund", "--no-save", ...packages], { cwd: folder });
  return folder;
}
