import type { ReusePolicy } from "./reuse-policy.ts";
import { registry } from "./registry.ts";
import { TaskError } from "./task-error.ts";

// Parameters are compared both ways: no other bound accepts every function and keeps its types.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type AnyFunction = (...args: any[]) => unknown;

/** A task as code sees it: called inside a runner it asks Hearth, anywhere else it simply runs. */
export interface Task<F extends AnyFunction> {
  (...args: Parameters<F>): Promise<Awaited<ReturnType<F>>>;
  readonly taskName: string;
  readonly environmentName: string;
  /** The policy calls through this value ask for instead of the environment's. */
  readonly policyOverride: object | undefined;
  /** The same task in a pool of its own with another policy. */
  override(options: { readonly reusable: ReusePolicy }): Task<F>;
}

/** `run` is absent for a task known by name only: outside of a runner it cannot be called. */
export function makeTask<F extends AnyFunction>(
  names: { readonly environment: string; readonly task: string },
  run: F | undefined,
  policy?: object,
): Task<F> {
  const task = async (...args: Parameters<F>): Promise<Awaited<ReturnType<F>>> => {
    const host = registry().host;
    if (host === undefined) {
      if (run !== undefined) return (await run(...args)) as Awaited<ReturnType<F>>;
      throw new Error(
        `Task "${names.task}" of environment "${names.environment}" is known by name only; it can be called from task code, or with run(...) and an ExecutionClient.`,
      );
    }
    const end = await host.call(names.environment, names.task, args, policy);
    if (end.outcome !== "succeeded") throw new TaskError(end.failure);
    return end.result as Awaited<ReturnType<F>>;
  };
  return Object.assign(task, {
    taskName: names.task,
    environmentName: names.environment,
    policyOverride: policy,
    override: (options: { readonly reusable: ReusePolicy }) => makeTask(names, run, options.reusable.toJSON()),
  });
}

/** A task of any environment and language, by its names; `F` says what it takes and gives. */
export function reference<F extends AnyFunction>(environmentName: string, taskName: string): Task<F> {
  return makeTask<F>({ environment: environmentName, task: taskName }, undefined);
}
