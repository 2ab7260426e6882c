import type { CallOptions } from "./call-options.ts";
import type { Current } from "./current.ts";
import type { Duration } from "./duration.ts";
import type { FailedOutcome } from "./task-error.ts";

// The runner is one file and the user's bundle another, each with a copy of the SDK: they meet under this symbol.
const key = Symbol.for("hearth.registry");

/** A task as it was declared. */
export interface DeclaredTask {
  readonly name: string;
  readonly run: (...args: never[]) => unknown;
  /** URL or path of the file that declared it. Empty where nobody needs it: in a runner. */
  readonly file: string;
  /** Further fields of `hearth.v1.Task` in protobuf's JSON form. */
  readonly limits: object;
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
      readonly outcome: FailedOutcome;
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
  call(environment: string, task: string, args: readonly unknown[], options: CallOptions): Promise<CallEnd>;
}

export interface WarmOptions {
  /**
   * Replicas to have at least; more than the policy's most count as that. 1 to 10,000. Default: the policy's least, or 1 when
   * that is 0.
   */
  readonly replicas?: number;
  /** Settle only once that many are ready. Default false. */
  readonly wait?: boolean;
  /** How long to wait for that. Default 120 s. */
  readonly timeout?: Duration;
}

interface Registry {
  readonly environments: Map<string, DeclaredEnvironment>;
  host: RunnerHost | undefined;
  /** What a program's copy of the SDK does for `TaskEnvironment.warm`; a bundle has no client. */
  warm: ((environment: string, options: WarmOptions) => Promise<number>) | undefined;
}

/** Everything declared in this process. */
export function registry(): Registry {
  const scope = globalThis as unknown as { [key]: Registry | undefined };
  return (scope[key] ??= { environments: new Map(), host: undefined, warm: undefined });
}
