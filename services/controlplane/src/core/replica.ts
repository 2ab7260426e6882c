/** Where a replica is in its life. */
export type ReplicaState = "requested" | "starting" | "ready" | "draining" | "ended";

/** Why a replica was started, for programs: environment.proto, `Replica.start_cause`. */
export type StartCause = "BACKLOG" | "MIN_REPLICAS" | "BUFFER" | "WARM_UP" | "ROLL_OUT" | "RECYCLING" | "ADOPTED";

/** Why a replica was drained or how it ended, for programs: environment.proto, `Replica.end_cause`. */
export type EndCause =
  | "SCALEDOWN_TTL"
  | "IDLE_TTL"
  | "MAX_REPLICAS"
  | "ROLL_OUT"
  | "RECYCLED"
  | "SINGLE_USE"
  | "NOT_WANTED"
  | "ENVIRONMENT_DELETED"
  | "START_FAILED"
  | "LOST"
  | "EXITED"
  | "STOPPED";

/** One replica as the control plane knows it. */
export interface Replica {
  readonly id: string;
  readonly environment: string;
  readonly pool: string;
  readonly version: string;
  readonly state: ReplicaState;
  readonly startCause: StartCause;
  /** Why it was started, for a person. */
  readonly startReason: string;
  readonly endCause: EndCause | undefined;
  /** Why it was drained or how it ended, for a person. Empty before that. */
  readonly endReason: string;
  /** The replica it is to take the place of. */
  readonly replaces: string | undefined;
  readonly createdAtMs: number;
  readonly readyAtMs: number | undefined;
  /** Since when it has been draining. */
  readonly drainingAtMs: number | undefined;
  readonly endedAtMs: number | undefined;
  /** Slots in all: what its agent announced, before that what it was started with. */
  readonly slots: number;
  /** What its agent announced last. */
  readonly announced: Announced | undefined;
  /** When its agent was last heard of, or when that could first have been. */
  readonly heardAtMs: number;
}

/** What an agent says of itself. */
export interface Announced {
  /** Where its agent is reached: "host:port". */
  readonly address: string;
  /** Grows with every change; a smaller one is stale. */
  readonly sequence: number;
  readonly slots: number;
  readonly free: number;
  readonly busy: number;
  readonly lent: number;
  /** Since when it has had no live attempt. Undefined while it has one. */
  readonly idleSinceMs: number | undefined;
  /** Executions it has taken since its start. */
  readonly executions: number;
  /** What its runner holds. 0 when not known. */
  readonly memoryBytes: number;
  readonly agentPid: number;
  readonly runnerPid: number;
}

/** What can happen to a replica, with the sentence that explains an end. */
export type ReplicaEvent =
  /** We asked the provider and it made the process. */
  | { readonly kind: "started" }
  /** We decided to let it go. */
  | { readonly kind: "drainAsked"; readonly cause: EndCause; readonly reason: string }
  /** Its agent is there and loads the code. */
  | { readonly kind: "announcedStarting"; readonly announced: Announced }
  /** Its agent announces slots. */
  | { readonly kind: "announcedReady"; readonly announced: Announced }
  /** Its agent says that it takes no new attempts. */
  | {
      readonly kind: "announcedDraining";
      readonly announced: Announced;
      readonly cause: EndCause;
      readonly reason: string;
    }
  /** It is gone: its agent said so, its process ended, it never came up, or it was silent for too long. */
  | { readonly kind: "gone"; readonly cause: EndCause; readonly reason: string };

/**
 * The one table of a replica's life. What is not in it does not happen: the event is late or doubled, and changes nothing.
 */
const transitions: Readonly<Record<ReplicaState, Partial<Record<ReplicaEvent["kind"], ReplicaState>>>> = {
  requested: {
    // The provider made its process.
    started: "starting",
    // Its agent was faster than the provider's answer, or it was adopted after a restart.
    announcedStarting: "starting",
    announcedReady: "ready",
    announcedDraining: "draining",
    // Nobody wants it any more.
    drainAsked: "draining",
    // The provider refused.
    gone: "ended",
  },
  starting: {
    // Its agent is there; where it is reached is known now.
    announcedStarting: "starting",
    // Its code is loaded.
    announcedReady: "ready",
    // Somebody else asked its agent to drain before it was heard of.
    announcedDraining: "draining",
    drainAsked: "draining",
    // Its process ended, or it took too long.
    gone: "ended",
  },
  ready: {
    // Every further announcement.
    announcedReady: "ready",
    // Its agent drains by itself, such as on SIGTERM.
    announcedDraining: "draining",
    // Idle for its TTL, its version is not current, its environment was deleted.
    drainAsked: "draining",
    // Crashed, or lost.
    gone: "ended",
  },
  draining: {
    // Its drain order has not reached it yet.
    announcedReady: "draining",
    // Its running attempts go on.
    announcedDraining: "draining",
    gone: "ended",
  },
  // Nothing comes after the end.
  ended: {},
};

/** The replica after an event, or the very same object when the event changes nothing. */
export function stepReplica(replica: Replica, event: ReplicaEvent, now: number): Replica {
  const state = transitions[replica.state][event.kind];
  if (state === undefined) return replica;
  switch (event.kind) {
    case "started":
      return { ...replica, state };
    case "drainAsked":
      return { ...replica, state, endCause: event.cause, endReason: event.reason, drainingAtMs: now };
    case "announcedStarting":
      // Being there is not enough: the time a start may take goes on.
      return { ...replica, announced: event.announced, state };
    case "announcedReady":
      return { ...heard(replica, event.announced, now), state, readyAtMs: replica.readyAtMs ?? now };
    case "announcedDraining":
      return {
        ...heard(replica, event.announced, now),
        ...firstEnd(replica, event),
        state,
        drainingAtMs: replica.drainingAtMs ?? now,
      };
    case "gone":
      return { ...replica, ...firstEnd(replica, event), state, endedAtMs: now };
  }
}

/** Why it was let go says more than how it then went. */
function firstEnd(
  { endCause, endReason }: Replica,
  event: { readonly cause: EndCause; readonly reason: string },
): Pick<Replica, "endCause" | "endReason"> {
  return endCause === undefined ? { endCause: event.cause, endReason: event.reason } : { endCause, endReason };
}

/** A stale announcement still shows that the agent lives. */
function heard(replica: Replica, announced: Announced, now: number): Replica {
  if (replica.announced !== undefined && announced.sequence < replica.announced.sequence) {
    return { ...replica, heardAtMs: now };
  }
  return { ...replica, announced, slots: announced.slots, heardAtMs: now };
}

/** Whether it has, or may soon have, slots for new attempts. */
export function isLive(replica: Replica): boolean {
  return replica.state === "requested" || replica.state === "starting" || replica.state === "ready";
}

/** Whether it has attempts, those that have lent their slot among them. */
export function isBusy(replica: Replica): boolean {
  return replica.announced !== undefined && replica.announced.busy + replica.announced.lent > 0;
}
