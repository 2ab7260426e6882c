import { atMostOneResult } from "./at-most-one-result.ts";
import { busyReplicasAreNeverTaken } from "./busy-replicas-are-never-taken.ts";
import type { NewChecker } from "./checker.ts";
import { everyExecutionEnds } from "./every-execution-ends.ts";
import { idleReachesZeroOnTime } from "./idle-reaches-zero-on-time.ts";
import { lendingNeverDeadlocks } from "./lending-never-deadlocks.ts";
import { nobodyStarves } from "./nobody-starves.ts";
import { nothingOutlivesItsCaller } from "./nothing-outlives-its-caller.ts";
import { nothingStartsTooLate } from "./nothing-starts-too-late.ts";
import { replicasWithinBounds } from "./replicas-within-bounds.ts";
import { retriesAreCounted } from "./retries-are-counted.ts";
import { slotsNeverExceeded } from "./slots-never-exceeded.ts";
import { whatWasToldIsKnown } from "./what-was-told-is-known.ts";

/** Every rule there is. */
export const allCheckers: readonly NewChecker[] = [
  slotsNeverExceeded,
  atMostOneResult,
  everyExecutionEnds,
  replicasWithinBounds,
  idleReachesZeroOnTime,
  nobodyStarves,
  lendingNeverDeadlocks,
  busyReplicasAreNeverTaken,
  nothingStartsTooLate,
  retriesAreCounted,
  nothingOutlivesItsCaller,
  whatWasToldIsKnown,
];
