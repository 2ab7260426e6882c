import { requireWholeNumber } from "./bounds.ts";
import { toWireDuration, type Duration } from "./duration.ts";
import { toWireRecycling, type Recycling } from "./recycling.ts";

export interface ReusePolicyOptions {
  /** Replicas while awake: one number, or [least, most]. The most is 1 to 10,000. Default 2. */
  readonly replicas?: number | readonly [min: number, max: number];
  /** Slots of each replica: attempts that run in it at once. 1 to 10,000. Default 1. */
  readonly concurrency?: number;
  /** How long one replica may be idle while more than the least remain. Default 30 s. */
  readonly scaledownTtl?: Duration;
  /** How long the whole environment may be idle before every replica is drained. Default 30 s. */
  readonly idleTtl?: Duration;
  /** `global` shares one pool among all runs; `run` gives each run its own. Default `global`. */
  readonly scope?: "global" | "run";
  /** Idle replicas kept beyond those in use, for as long as any is in use and up to the most. 0 to 10,000. Default 0. */
  readonly bufferReplicas?: number;
  /** When a replica has served for long enough and is replaced. Default: never. */
  readonly recycling?: Recycling;
  /** Every replica serves one execution and ends; `concurrency` is 1. Default false. */
  readonly singleUse?: boolean;
  /**
   * An execution that was alone in its replica when that ran out of memory gets one more attempt, in a fresh replica of its
   * own. Default false: it ends with OUT_OF_MEMORY.
   */
  readonly isolateOutOfMemory?: boolean;
}

const countMax = 10_000;

/**
 * How an environment's replicas are kept and reused. Durations are above 0 and at most 30 days. The constructor throws a
 * RangeError for what is out of bounds.
 */
export class ReusePolicy {
  readonly #wire: object;

  constructor(options: ReusePolicyOptions = {}) {
    const { replicas = 2, concurrency = 1, scaledownTtl = 30, idleTtl = 30, scope = "global" } = options;
    const { bufferReplicas = 0, recycling = {}, singleUse = false, isolateOutOfMemory = false } = options;
    const [min, max] = typeof replicas === "number" ? [replicas, replicas] : replicas;
    requireWholeNumber("The least of replicas", min, 0, countMax);
    requireWholeNumber("The most of replicas", max, Math.max(1, min), countMax);
    requireWholeNumber("concurrency", concurrency, 1, countMax);
    requireWholeNumber("bufferReplicas", bufferReplicas, 0, countMax);
    if (singleUse && concurrency > 1) {
      throw new RangeError(
        `concurrency is ${concurrency}; a replica of singleUse serves one execution, so it must be 1. Leave one of the two out.`,
      );
    }
    const wireRecycling = toWireRecycling(recycling);
    this.#wire = {
      minReplicas: min,
      maxReplicas: max,
      concurrency,
      scaledownTtl: toWireDuration("scaledownTtl", scaledownTtl),
      idleTtl: toWireDuration("idleTtl", idleTtl),
      scope: scope === "run" ? "SCOPE_RUN" : "SCOPE_GLOBAL",
      // The others' defaults are those of the protocol, which leaves them out.
      ...(bufferReplicas > 0 && { bufferReplicas }),
      ...(wireRecycling !== undefined && { recycling: wireRecycling }),
      ...(singleUse && { singleUse }),
      ...(isolateOutOfMemory && { isolateOutOfMemory }),
    };
  }

  /** Protobuf's JSON form of `hearth.v1.ReusePolicy`. */
  toJSON(): object {
    return this.#wire;
  }
}
