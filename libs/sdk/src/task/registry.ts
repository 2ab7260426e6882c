import type { Current } from "./current.ts";

// The runner is one file and the user's bundle another, each with a copy of the SDK: they meet under this symbol.
const key = Symbol.for("hearth.registry");

/** A task as it was declared. */
export interface DeclaredTask {
  readonly name: string;
  readonly run: (...args: never[]) => unknown;
  /** URL or path of the file that declared it. Empty where nobody needs it: in a runner. */
  readonly file: string;
}

/** An environment as it was declared: its deployment in protobuf's JSON form, and its tasks. */
export interface DeclaredEnvironment {
  readonly name: string;
  readonly image: object | undefined;
  readonly resources: object | undefined;
  readonly policy: object | undefined;
  readonly tasks: Map<string, DeclaredTask>;
}

/** How a call ended, in the fields of `hearth.v1.Failure`. */
export type CallEnd =
  | { readonly outcome: "succeeded"; readonly result: unknown }
  | {
      readonly outcome: "failed" | "timed_out" | "cancelled" | "lost";
      readonly failure: TaskFailure;
    };

export interface TaskFailure {
  readonly reason: string;
  readonly message: string;
  readonly exceptionType?: string;
  readonly traceback?: string;
}

/** What a runner does for task code. */
export interface RunnerHost {
  current(): Current | undefined;
  /** Rejects only when the attempt is cancelled meanwhile. */
  call(environment: string, task: string, args: readonly unknown[], policy: object | undefined): Promise<CallEnd>;
}

interface Registry {
  readonly environments: Map<string, DeclaredEnvironment>;
  host: RunnerHost | undefined;
}

/** Everything declared in this process. */
export function registry(): Registry {
  const scope = globalThis as unknown as { [key]: Registry | undefined };
  return (scope[key] ??= { environments: new Map(), host: undefined });
}
