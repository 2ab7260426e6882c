import { getCallSites } from "node:util";
import type { Image } from "./image.ts";
import { toTaskLimits, type TaskOptions } from "./limits.ts";
import { registry, type DeclaredEnvironment, type WarmOptions } from "./registry.ts";
import type { Resources } from "./resources.ts";
import type { ReusePolicy } from "./reuse-policy.ts";
import { makeTask, type AnyFunction, type Task } from "./task.ts";

export interface TaskEnvironmentOptions {
  /** Unique in the installation. 1 to 63 characters of a-z 0-9 - and _, first and last a letter or digit. */
  readonly name: string;
  readonly image?: Image;
  readonly resources?: Resources;
  /** Default: the environment's present policy, or the defaults for a new one. */
  readonly reusable?: ReusePolicy;
}

/** The unit of reuse: image, resources, code and policy, shared by executions. */
export class TaskEnvironment {
  readonly name: string;
  readonly #declared: DeclaredEnvironment;

  constructor(options: TaskEnvironmentOptions) {
    if (!/^[a-z0-9]([a-z0-9_-]{0,61}[a-z0-9])?$/.test(options.name)) {
      throw new RangeError(
        `"${options.name}" is no environment name: 1 to 63 characters of a-z 0-9 - and _, first and last a letter or digit.`,
      );
    }
    const { environments } = registry();
    if (environments.has(options.name)) {
      throw new Error(
        `Environment "${options.name}" is declared twice; declare it in one file and import it from there.`,
      );
    }
    this.name = options.name;
    this.#declared = {
      name: options.name,
      image: options.image?.toJSON(),
      resources: options.resources?.toJSON(),
      policy: options.reusable?.toJSON(),
      tasks: new Map(),
    };
    environments.set(options.name, this.#declared);
  }

  /** Declares a task under the function's own name. Throws a RangeError for options out of bounds. */
  task<A extends readonly unknown[], R>(run: (...args: A) => R, options?: TaskOptions): Task<(...args: A) => R>;
  /** Declares a task. Names are unique in the environment: 1 to 200 characters of A-Z a-z 0-9 _ - and dot. */
  task<A extends readonly unknown[], R>(
    name: string,
    run: (...args: A) => R,
    options?: TaskOptions,
  ): Task<(...args: A) => R>;
  task(first: string | AnyFunction, second?: AnyFunction | TaskOptions, third?: TaskOptions): Task<AnyFunction> {
    const named = typeof first === "string";
    const run = (named ? second : first) as AnyFunction;
    const name = named ? first : first.name;
    const limits = toTaskLimits((named ? third : (second as TaskOptions | undefined)) ?? {});
    if (!/^[A-Za-z0-9_.-]{1,200}$/.test(name)) {
      throw new RangeError(`"${name}" is no task name: 1 to 200 characters of A-Z a-z 0-9 _ - and dot.`);
    }
    if (this.#declared.tasks.has(name)) {
      throw new Error(`Task "${name}" is declared twice in environment "${this.name}".`);
    }
    this.#declared.tasks.set(name, { name, run, file: declaringFile(), limits });
    return makeTask({ environment: this.name, task: name }, run);
  }

  /**
   * Deploys what the program declares, as `run` does, and starts replicas of this environment before anybody asks for an
   * execution. Answers how many it is going to have. They stay for as long as the policy's TTLs say. Throws `HearthError`
   * when refused, and with `wait` a DOMException called TimeoutError, which names the last failed start. Only for programs.
   */
  async warm(options: WarmOptions = {}): Promise<number> {
    const { warm } = registry();
    if (warm !== undefined) return warm(this.name, options);
    throw new Error(
      'warm() was called in a replica. Keep what warms environments up under "if (import.meta.main)"; task code calls tasks directly.',
    );
  }
}

/** The file that called `task`: the bundle of the environment starts from it. A runner has no use for it. */
function declaringFile(): string {
  if (registry().host !== undefined) return "";
  const own = getCallSites()[0]?.scriptName;
  return getCallSites().find((site) => site.scriptName !== own)?.scriptName ?? "";
}
