import { closeSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CliFailure } from "../cli-failure.ts";
import { identify, isSameAlive, type ProcessIdentity } from "@hearth/process-identity";

/** A state folder that this process alone uses. */
export interface StateFolder extends Disposable {
  /** Writes config.json, whole or not at all. */
  announce(config: Readonly<Record<string, unknown>>): void;
  /** Removes config.json. */
  withdraw(): void;
}

/**
 * Makes the folder and claims it with a pid file; a claim whose process has gone counts for nothing. Throws
 * ALREADY_RUNNING.
 */
export function claimStateFolder(stateDir: string): StateFolder {
  for (const part of ["", "logs", "processes", "cache"])
    mkdirSync(join(stateDir, part), { recursive: true, mode: 0o700 });
  const pidFile = join(stateDir, "dev.pid");
  const configFile = join(stateDir, "config.json");
  claim(pidFile, stateDir);
  rmSync(configFile, { force: true });
  return {
    announce(config) {
      const draft = `${configFile}.draft`;
      writeFileSync(draft, `${JSON.stringify(config, null, 2)}\n`);
      renameSync(draft, configFile);
    },
    withdraw: () => rmSync(configFile, { force: true }),
    [Symbol.dispose]: () => rmSync(pidFile, { force: true }),
  };
}

function claim(pidFile: string, stateDir: string): void {
  const own = JSON.stringify(identify(process.pid));
  for (;;) {
    try {
      const file = openSync(pidFile, "wx");
      writeFileSync(file, own);
      return closeSync(file);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
    const holder = readIdentity(pidFile);
    if (holder !== undefined && isSameAlive(holder)) {
      const message = `Process ${holder.pid} already runs "hearth dev" on ${stateDir}. Stop it, or use another folder with --state-dir.`;
      throw new CliFailure("ALREADY_RUNNING", message);
    }
    rmSync(pidFile, { force: true });
  }
}

/** The process named in a file; undefined when the file is not there or not whole. */
export function readIdentity(path: string): ProcessIdentity | undefined {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as ProcessIdentity;
  } catch {
    return undefined;
  }
}
