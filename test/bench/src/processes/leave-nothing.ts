import { mkdtempSync, rmSync } from "node:fs";
import { constants, tmpdir } from "node:os";
import { join } from "node:path";
import { ProcessFamily } from "./process-family.ts";

/**
 * However this process ends from now on, by an error or a signal too, all that it started ends with it, by force where it
 * has not ended by itself; so do their temporary files, which get a folder of their own. That folder is what the processes
 * are known by: it is the one variable that agents pass on.
 */
export function leaveNothing(): void {
  const folder = mkdtempSync(join(tmpdir(), "hearth-bench-"));
  process.env["TMPDIR"] = folder;
  const started = new ProcessFamily(`TMPDIR=${folder}`, [process.pid]);
  process.once("exit", () => {
    started.end();
    // Who was killed a moment ago may not be gone yet.
    rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
  });
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.once(name, () => process.exit(128 + constants.signals[name]));
  }
}
