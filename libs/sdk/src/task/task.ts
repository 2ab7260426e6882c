import { overrideOptions, type CallOptions, type OverrideOptions } from "./call-options.ts";
import { registry } from "./registry.ts";
import { toTaskError } from "./task-error.ts";

// Parameters are compared both ways: no other bound accepts every function and keeps its types.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type AnyFunction = (...args: any[]) => unknown;

/** A task as code sees it: called inside a runner it asks Hearth, anywhere else it simply runs. */
export interface Task<F extends AnyFunction> {
  (...args: Parameters<F>): Promise<Awaited<ReturnType<F>>>;
  readonly taskName: string;
  readonly environmentName: string;
  /** What calls and runs through this value ask for beside the task. */
  readonly callOptions: CallOptions;
  /** The same task with other options for its calls, maps and runs. Throws a RangeError for what is out of bounds. */
  override(changes: OverrideOptions): Task<F>;
}

/** `run` is absent for a task known by name only: outside of a runner it cannot be called. */
export function makeTask<F extends AnyFunction>(
  names: { readonly environment: string; readonly task: string },
  run: F | undefined,
  callOptions: CallOptions = {},
): Task<F> {
  const task = async (...args: Parameters<F>): Promise<Awaited<ReturnType<F>>> => {
    const host = registry().host;
    if (host === undefined) {
      if (run !== undefined) return (await run(...args)) as Awaited<ReturnType<F>>;
      throw new Error(
        `Task "${names.task}" of environment "${names.environment}" is known by name only; it can be called from task code, or with run(...) and an ExecutionClient.`,
      );
    }
    const end = await host.call(names.environment, names.task, args, callOptions);
    if (end.outcome !== "succeeded") throw toTaskError(end.outcome, end.failure);
    return end.result as Awaited<ReturnType<F>>;
  };
  return Object.assign(task, {
    taskName: names.task,
    environmentName: names.environment,
    callOptions,
    override: (changes: OverrideOptions) => makeTask(names, run, overrideOptions(callOptions, changes)),
  });
}

/** A task of any environment and language, by its names; `F` says what it takes and gives. */
export function reference<F extends AnyFunction>(environmentName: string, taskName: string): Task<F> {
  return makeTask<F>({ environment: environmentName, task: taskName }, undefined);
}
