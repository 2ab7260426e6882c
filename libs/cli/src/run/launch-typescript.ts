import { HearthError } from "@hearth/errors";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import type { LaunchedRun, LaunchOptions } from "./launch.ts";

/** What `@hearth/sdk/program` offers, as far as it is used here. */
interface Program {
  launch(
    file: string,
    task: string,
    args: Readonly<Record<string, string>>,
    overrides: {
      readonly reusable?: "off";
      readonly affinityKey?: string;
      readonly priority?: number;
      readonly retries?: number;
      /** Seconds. */
      readonly timeout?: number;
      /** Seconds. */
      readonly queueTimeout?: number;
      readonly deadline?: Date;
      readonly idempotencyKey?: string;
    },
  ): Promise<LaunchedRun>;
}

/** Asks the SDK that the file itself imports to deploy what the file declares and to start the run. */
export async function launchTypeScript(
  file: string,
  task: string,
  args: Readonly<Record<string, string>>,
  { priority, affinityKey, freshReplica, ...limits }: LaunchOptions,
): Promise<LaunchedRun> {
  const { retries, timeoutMs, queueTimeoutMs, deadline, idempotencyKey } = limits;
  const program = (await import(pathToFileURL(findProgramModule(file)).href)) as Program;
  try {
    const { name, url } = await program.launch(file, task, args, {
      ...(priority !== undefined && { priority }),
      ...(affinityKey !== undefined && { affinityKey }),
      ...(freshReplica && { reusable: "off" }),
      ...(retries !== undefined && { retries }),
      ...(timeoutMs !== undefined && { timeout: timeoutMs / 1_000 }),
      ...(queueTimeoutMs !== undefined && { queueTimeout: queueTimeoutMs / 1_000 }),
      ...(deadline !== undefined && { deadline }),
      ...(idempotencyKey !== undefined && { idempotencyKey }),
    });
    return { name, url };
  } catch (error) {
    throw explain(error, file);
  }
}

/** A refusal of Hearth's stays what it is; anything else is the program's, shown from where it comes. */
function explain(error: unknown, file: string): unknown {
  if (!(error instanceof Error) || error.name === "HearthError" || error.name === "ClientError") return error;
  const fromFile = error.stack?.includes(file) === true && !error.message.includes(file);
  return new HearthError("FILE_NOT_RUNNABLE", fromFile ? (error.stack ?? error.message) : error.message);
}

function findProgramModule(file: string): string {
  try {
    return createRequire(file).resolve("@hearth/sdk/program");
  } catch {
    const message = `${file} cannot import @hearth/sdk. Add it to the dependencies of the package the file is in.`;
    throw new HearthError("FILE_NOT_RUNNABLE", message);
  }
}
