import { HearthError } from "@hearth/errors";
import { existsSync } from "node:fs";
import { extname, resolve } from "node:path";
import { launchPython } from "./launch-python.ts";
import { launchTypeScript } from "./launch-typescript.ts";

/** A run that was accepted. */
export interface LaunchedRun {
  readonly name: string;
  readonly url: string;
}

/** How the run's root execution gets its slot, and how often and for how long it is tried; what is left out is as the environment has it. */
export interface LaunchOptions {
  /** -10 to 10. */
  readonly priority?: number;
  /** 1 to 200 characters. */
  readonly affinityKey?: string;
  readonly freshReplica?: true;
  /** 0 to 1,000. */
  readonly retries?: number;
  readonly timeoutMs?: number;
  readonly queueTimeoutMs?: number;
  readonly deadline?: Date;
  /** 1 to 200 characters. */
  readonly idempotencyKey?: string;
}

/**
 * Deploys what a program declares and starts a run of one of its tasks. Arguments are by parameter name, as JSON where
 * the text is JSON and as text otherwise. Throws FILE_NOT_RUNNABLE, and what the program or Hearth refuses.
 */
export function launch(
  file: string,
  task: string,
  args: Readonly<Record<string, string>>,
  options: LaunchOptions,
): Promise<LaunchedRun> {
  const path = resolve(file);
  if (!existsSync(path)) throw new HearthError("FILE_NOT_RUNNABLE", `There is no file ${path}.`);
  const language = languages[extname(path)];
  if (language === undefined) {
    const known = Object.keys(languages).join(", ");
    throw new HearthError("FILE_NOT_RUNNABLE", `${path} is of no language Hearth runs. Known endings: ${known}.`);
  }
  return language(path, task, args, options);
}

const languages: Readonly<Record<string, typeof launchTypeScript>> = {
  ".py": launchPython,
  ".ts": launchTypeScript,
  ".mts": launchTypeScript,
  ".js": launchTypeScript,
  ".mjs": launchTypeScript,
};
