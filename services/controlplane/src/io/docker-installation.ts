import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** The id of the installation that keeps its state in a folder; made at its first start. */
export function installationId(stateFolder: string): string {
  const path = join(stateFolder, "installation");
  mkdirSync(stateFolder, { recursive: true });
  try {
    writeFileSync(path, randomBytes(8).toString("hex"), { flag: "wx", mode: 0o600 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
  return readFileSync(path, "utf8").trim();
}
