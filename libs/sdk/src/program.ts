import { pathToFileURL } from "node:url";
import { run } from "./client/start-run.ts";
import type { Run } from "./client/run.ts";
import { parameterNames } from "./parameter-names.ts";
import type { OverrideOptions } from "./task/call-options.ts";
import { registry, type DeclaredTask } from "./task/registry.ts";
import { makeTask, type AnyFunction } from "./task/task.ts";

export interface ProgramTask {
  readonly environment: string;
  readonly task: string;
  /** In order; what the source does not name is `argN`, from 1. */
  readonly parameters: readonly string[];
}

/** Loads a program without its script part and lists the tasks it declares. */
export async function describeProgram(file: string): Promise<readonly ProgramTask[]> {
  await import(pathToFileURL(file).href);
  return [...registry().environments.values()].flatMap((environment) =>
    [...environment.tasks.values()].map((task) => ({
      environment: environment.name,
      task: task.name,
      parameters: parameterNames(task.run as AnyFunction),
    })),
  );
}

/**
 * Runs a task of the program: "task", or "environment:task" where two environments declare it. Arguments go by parameter
 * name, as JSON where the text is JSON and as text otherwise. `overrides` are as of `Task.override`. Throws an Error that names what is not there.
 */
export async function launch(
  file: string,
  taskName: string,
  args: Readonly<Record<string, string>> = {},
  overrides: OverrideOptions = {},
): Promise<Run<unknown>> {
  const declared = await describeProgram(file);
  const matching = declared.filter(({ environment, task }) => [task, `${environment}:${task}`].includes(taskName));
  const [only] = matching;
  if (only === undefined || matching.length > 1) {
    const names = declared.map(({ environment, task }) => `${environment}:${task}`).join(", ") || "none";
    throw new Error(`${matching.length} tasks of ${file} are called "${taskName}". Its tasks: ${names}.`);
  }
  const task = registry().environments.get(only.environment)?.tasks.get(only.task) as DeclaredTask;
  const names = { environment: only.environment, task: only.task };
  return run(makeTask(names, task.run as AnyFunction).override(overrides), ...toPositional(only, args));
}

function toPositional(task: ProgramTask, args: Readonly<Record<string, string>>): readonly unknown[] {
  const unknown = Object.keys(args).filter((name) => !task.parameters.includes(name));
  if (unknown.length > 0) {
    const parameters = task.parameters.join(", ") || "none";
    throw new Error(`Task "${task.task}" has no parameter ${unknown.join(", ")}. Its parameters: ${parameters}.`);
  }
  const last = task.parameters.findLastIndex((name) => Object.hasOwn(args, name));
  return task.parameters.slice(0, last + 1).map((name) => parseArgument(args[name]));
}

function parseArgument(text: string | undefined): unknown {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
