import { toWireDuration, type Duration } from "./duration.ts";

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
}

const countMax = 10_000;

/** How an environment's replicas are kept and reused. The constructor throws a RangeError for what is out of bounds. */
export class ReusePolicy {
  readonly #wire: object;

  constructor(options: ReusePolicyOptions = {}) {
    const { replicas = 2, concurrency = 1, scaledownTtl = 30, idleTtl = 30, scope = "global" } = options;
    const [min, max] = typeof replicas === "number" ? [replicas, replicas] : replicas;
    requireCount("The least of replicas", min, 0, countMax);
    requireCount("The most of replicas", max, Math.max(1, min), countMax);
    requireCount("concurrency", concurrency, 1, countMax);
    this.#wire = {
      minReplicas: min,
      maxReplicas: max,
      concurrency,
      scaledownTtl: toWireDuration("scaledownTtl", scaledownTtl),
      idleTtl: toWireDuration("idleTtl", idleTtl),
      scope: scope === "run" ? "SCOPE_RUN" : "SCOPE_GLOBAL",
    };
  }

  /** Protobuf's JSON form of `hearth.v1.ReusePolicy`. */
  toJSON(): object {
    return this.#wire;
  }
}

function requireCount(name: string, value: number, min: number, max: number): void {
  if (Number.isInteger(value) && value >= min && value <= max) return;
  throw new RangeError(`${name} is ${value}; it must be a whole number from ${min} to ${max}.`);
}
