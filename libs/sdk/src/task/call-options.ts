import { requireWholeNumber } from "./bounds.ts";
import type { ReusePolicy } from "./reuse-policy.ts";

/** What calls and runs of a task ask for beside the task itself, in the fields of a call frame; what is absent is not asked for. */
export interface CallOptions {
  /** A pool of its own with this policy: protobuf's JSON form of `hearth.v1.ReusePolicy`. */
  readonly policy?: object;
  readonly affinityKey?: string;
  readonly priority?: number;
  readonly freshReplica?: true;
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
}

const affinityKeyLengthMax = 200;
const priorityMax = 10;

type Reuse = Pick<CallOptions, "policy" | "freshReplica">;

/** The options after an override. Throws a RangeError for what is out of bounds. */
export function overrideOptions(present: CallOptions, changes: OverrideOptions): CallOptions {
  const { reusable, affinityKey = present.affinityKey, priority = present.priority } = changes;
  if (typeof affinityKey === "string") requireAffinityKey(affinityKey);
  if (typeof priority === "number") requireWholeNumber("priority", priority, -priorityMax, priorityMax);
  return {
    ...overrideReuse(present, reusable),
    ...(typeof affinityKey === "string" && { affinityKey }),
    ...(typeof priority === "number" && { priority }),
  };
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

function requireAffinityKey({ length }: string): void {
  if (length >= 1 && length <= affinityKeyLengthMax) return;
  throw new RangeError(`affinityKey has ${length} characters; it must have 1 to ${affinityKeyLengthMax}.`);
}
