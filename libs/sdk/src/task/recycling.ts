import { requireWholeNumber } from "./bounds.ts";
import { toWireDuration, type Duration } from "./duration.ts";

/**
 * When a replica is replaced: as soon as one of these holds. Its replacement is started first, one at a time, and the
 * replica goes on serving until that is ready.
 */
export interface Recycling {
  /** Executions it has taken. 1 to 1,000,000,000. Default: any number. */
  readonly afterExecutions?: number;
  /** Memory its runner holds after an execution, in bytes as a Kubernetes quantity such as `"800Mi"`. Default: any amount. */
  readonly aboveMemory?: string;
  /** Time since it was ready. Above 0, at most 30 days. Default: any time. */
  readonly afterAge?: Duration;
}

/** Protobuf's JSON form of `hearth.v1.Recycling`; undefined when nothing is a cause. Throws a RangeError. */
export function toWireRecycling({ afterExecutions, aboveMemory, afterAge }: Recycling): object | undefined {
  if (afterExecutions !== undefined) {
    requireWholeNumber("recycling.afterExecutions", afterExecutions, 1, 1_000_000_000);
  }
  if (aboveMemory !== undefined) requireMemory("recycling.aboveMemory", aboveMemory);
  const wire = {
    ...(afterExecutions !== undefined && { afterExecutions }),
    ...(aboveMemory !== undefined && { aboveMemory }),
    ...(afterAge !== undefined && { afterAge: toWireDuration("recycling.afterAge", afterAge) }),
  };
  return Object.keys(wire).length === 0 ? undefined : wire;
}

function requireMemory(name: string, value: string): void {
  const [, figure] = /^(\d+(?:\.\d+)?)(?:[kMGTP]|[KMGTP]i)?$/.exec(value) ?? [];
  if (Number(figure) > 0) return;
  throw new RangeError(`${name} is "${value}"; it must be bytes above 0, such as "800Mi" or "1.5Gi".`);
}
