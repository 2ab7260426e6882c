import { Random } from "@hearth/simulation";

/** The kinds of parts that something can be done to. */
export const faultKinds = ["router", "agent", "runner", "controlplane", "nats", "postgres"] as const;
export type FaultKind = (typeof faultKinds)[number];

/** A fault as the seed has it; which of the processes that are there then it hits is up to `pick`. */
export interface PlannedFault {
  /** How long everything is left alone before it. */
  readonly gapMs: number;
  readonly kind: FaultKind;
  readonly action: "kill" | "pause" | "restart";
  /** 0 to below 1: which of the parts of the kind. */
  readonly pick: number;
  /** 0 for what is no pause. */
  readonly pausedMs: number;
}

/**
 * Faults without end: the same for the same arguments. Between two of them everything has some seconds to recover, as the
 * promise is about one crash at a time; `harsh` leaves that out.
 */
export function* planFaults(options: {
  readonly seed: number;
  readonly kinds: readonly FaultKind[];
  readonly harsh: boolean;
}): Generator<PlannedFault, never> {
  const random = new Random(options.seed ^ 0x5eed);
  for (;;) {
    const gapMs = options.harsh ? random.between(0, 1_500) : random.between(4_000, 7_000);
    const kind = random.pick(options.kinds);
    const pauses = random.happens(0.35);
    // An agent and a runner have nobody who would ask them to start over.
    const restarts = random.happens(0.25) && kind !== "agent" && kind !== "runner";
    const action = pauses ? "pause" : restarts ? "restart" : "kill";
    yield { gapMs, kind, action, pick: random.next(), pausedMs: pauses ? random.between(500, 12_000) : 0 };
  }
}
