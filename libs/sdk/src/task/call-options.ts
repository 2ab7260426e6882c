import { requireWholeNumber } from "./bounds.ts";
import { toMilliseconds, type Duration } from "./duration.ts";
import { overrideLimits, type RequestLimits } from "./limits.ts";
import type { RetryPolicy } from "./retry-policy.ts";
import type { ReusePolicy } from "./reuse-policy.ts";

/** What calls and runs of a task ask for beside the task itself, in the fields of a call frame; what is absent is not asked for. */
export interface CallOptions extends RequestLimits {
  /** A pool of its own with this policy: protobuf's JSON form of `hearth.v1.ReusePolicy`. */
  readonly policy?: object;
  readonly affinityKey?: string;
  readonly priority?: number;
  readonly freshReplica?: true;
  readonly idempotencyKey?: string;
  /** A point in time, or how many milliseconds after each call. */
  readonly deadline?: { readonly unixMs: number } | { readonly afterMs: number };
}

/** The options as the frame of a call, or a request, made at `nowMs` has them. */
export function optionsOfCall(
  options: CallOptions,
  nowMs: number,
): Omit<CallOptions, "deadline"> & { readonly deadlineUnixMs?: number } {
  const { deadline, ...others } = options;
  if (deadline === undefined) return others;
  return { ...others, deadlineUnixMs: "unixMs" in deadline ? deadline.unixMs : nowMs + deadline.afterMs };
}

/** What `override` changes. What is left out stays as it is, and `null` undoes an earlier override. */
export interface OverrideOptions {
  /**
   * A policy, for a pool of its own instead of the environment's; or `"off"`, for a fresh replica for each execution, which
   * ends with it. The two exclude each other. Default: the environment's own pool.
   */
  readonly reusable?: ReusePolicy | "off" | null;
  /**
   * Executions with the same key prefer the same replica, for what that holds in memory. 1 to 200 characters.
   * Default: any replica.
   */
  readonly affinityKey?: string | null;
  /**
   * Executions of a higher priority get a slot first. A whole number from -10 to 10. Default: that of the execution that
   * calls, 0 for a run.
   */
  readonly priority?: number | null;
  /** As for `TaskEnvironment.task`; 0: none. Default: as the task declares. */
  readonly retries?: number | RetryPolicy | null;
  /** As for `TaskEnvironment.task`. Default: as the task declares. */
  readonly timeout?: Duration | null;
  /** As for `TaskEnvironment.task`. Default: as the task declares. */
  readonly queueTimeout?: Duration | null;
  /**
   * When the execution, and all that it calls, ends at the latest: a point in time, or how long from each call, at most 30
   * days. Default: that of the execution that calls, which counts in any case when it is sooner.
   */
  readonly deadline?: Date | Duration | null;
  /**
   * The same key asks for the same execution, for as long as Hearth remembers it, and gets its result. 1 to 200 characters.
   * Default: every call is one of its own.
   */
  readonly idempotencyKey?: string | null;
}

const keyLengthMax = 200;
const priorityMax = 10;

type Reuse = Pick<CallOptions, "policy" | "freshReplica">;

/** The options after an override. Throws a RangeError for what is out of bounds. */
export function overrideOptions(present: CallOptions, changes: OverrideOptions): CallOptions {
  const { reusable, affinityKey = present.affinityKey, priority = present.priority } = changes;
  const { idempotencyKey = present.idempotencyKey } = changes;
  const deadline = overrideDeadline(present.deadline, changes.deadline);
  if (typeof affinityKey === "string") requireKey("affinityKey", affinityKey);
  if (typeof idempotencyKey === "string") requireKey("idempotencyKey", idempotencyKey);
  if (typeof priority === "number") requireWholeNumber("priority", priority, -priorityMax, priorityMax);
  return {
    ...overrideReuse(present, reusable),
    ...(typeof affinityKey === "string" && { affinityKey }),
    ...(typeof priority === "number" && { priority }),
    ...overrideLimits(present, changes),
    ...(deadline !== undefined && { deadline }),
    ...(typeof idempotencyKey === "string" && { idempotencyKey }),
  };
}

function overrideDeadline(
  present: CallOptions["deadline"],
  deadline: OverrideOptions["deadline"],
): CallOptions["deadline"] {
  if (deadline === undefined) return present;
  if (deadline === null) return undefined;
  if (!(deadline instanceof Date)) return { afterMs: toMilliseconds("deadline", deadline) };
  if (Number.isFinite(deadline.getTime())) return { unixMs: deadline.getTime() };
  throw new RangeError("deadline is an invalid Date; give a point in time, or how long from the call.");
}

function overrideReuse({ policy, freshReplica }: CallOptions, reusable: OverrideOptions["reusable"]): Reuse {
  switch (reusable) {
    case undefined:
      return { ...(policy && { policy }), ...(freshReplica && { freshReplica }) };
    case null:
      return {};
    case "off":
      if (policy === undefined) return { freshReplica: true };
      throw new RangeError(
        'reusable: "off" runs each execution in a fresh replica of its own, but this task is overridden with a ReusePolicy: override the task itself, or undo the policy with override({ reusable: null }) before.',
      );
    default:
      return overridePolicy(freshReplica, reusable);
  }
}

function overridePolicy(freshReplica: true | undefined, reusable: ReusePolicy): Reuse {
  if (typeof reusable !== "object") {
    throw new RangeError(`reusable is ${String(reusable)}; it must be a ReusePolicy, "off" or null.`);
  }
  if (freshReplica === undefined) return { policy: reusable.toJSON() };
  throw new RangeError(
    'This task is overridden with reusable: "off", whose replicas serve one execution each and have no policy: override the task itself, or undo it with override({ reusable: null }) before.',
  );
}

function requireKey(name: string, { length }: string): void {
  if (length >= 1 && length <= keyLengthMax) return;
  throw new RangeError(`${name} has ${length} characters; it must have 1 to ${keyLengthMax}.`);
}
