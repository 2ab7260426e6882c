import type { AttemptEnd, Attempt, Execution } from "./execution.ts";
import type { Replica } from "./replica.ts";

/** An execution id and an attempt number. */
export interface AttemptKey {
  readonly executionId: string;
  readonly attempt: number;
}

/** An agent's slots by its own word. */
export interface SlotsReport {
  readonly total: number;
  readonly free: number;
  /** Dispatches the agent had received from this router on this stream. */
  readonly seen: number;
}

/** What a router hears of a replica over NATS. */
export interface Announcement {
  readonly replicaId: string;
  readonly pool: string;
  readonly environment: string;
  readonly version: string;
  readonly address: string;
  readonly state: "starting" | "ready" | "draining" | "ended";
}

/** What a router needs to know of an environment. */
export interface EnvironmentFacts {
  /** The version new attempts run on. */
  readonly version: string;
  readonly maxReplicas: number;
  readonly isolateOutOfMemory: boolean;
  /** The policy of its pool of replicas that serve one execution each, carried along unread. */
  readonly freshReplicaPolicy: unknown;
}

/** What happens to a router. */
export type RouterEvent =
  /** An admitted execution, in state queued. `policyOverride`: its pool's own policy, if it has one. */
  | { readonly kind: "admitted"; readonly execution: Execution; readonly policyOverride: unknown }
  /** What another router had accepted is this one's now, as its journal tells of it; an attempt may be running. */
  | {
      readonly kind: "adopted";
      readonly executions: readonly Execution[];
      /** By pool: its own policy, if it has one. */
      readonly policyOverrides: ReadonlyMap<string, unknown>;
    }
  /** Whether this router knows that its journal is still its own. */
  | { readonly kind: "journal"; readonly isOwn: boolean }
  | { readonly kind: "cancelRequested"; readonly executionId: string }
  | { readonly kind: "environmentChanged"; readonly name: string; readonly environment: EnvironmentFacts }
  | { readonly kind: "environmentDeleted"; readonly name: string }
  | { readonly kind: "announced"; readonly announcement: Announcement }
  /** A stream to the agent is open; `live` are this router's attempts that the agent has, `adopted` those of them that another one had sent. */
  | {
      readonly kind: "attached";
      readonly replicaId: string;
      readonly live: readonly AttemptKey[];
      readonly adopted: readonly AttemptKey[];
      readonly slots: SlotsReport;
    }
  | { readonly kind: "slots"; readonly replica: Replica; readonly slots: SlotsReport }
  | { readonly kind: "detached"; readonly replicaId: string }
  | { readonly kind: "refused"; readonly key: AttemptKey; readonly reason: string }
  | { readonly kind: "attemptEnded"; readonly key: AttemptKey; readonly end: AttemptEnd }
  /** The end of an execution is written and told. From now on it is kept as another object, or the same, until it is forgotten. */
  | { readonly kind: "kept"; readonly execution: Execution; readonly as: Execution }
  /** The moment of `nextDueAt` has come. Sent before anything else that happens then. */
  | { readonly kind: "due" }
  /** Time has passed; sent at least every second. */
  | { readonly kind: "tick" };

/** What a router does about it, in order. */
export type RouterEffect =
  /** Open a stream to the replica. */
  | { readonly kind: "attach"; readonly replica: Replica }
  /** Open a new stream to it in place of the one there is: what is to be had there may be more than what was. */
  | { readonly kind: "reattach"; readonly replica: Replica }
  /** The replica is gone: drop what is kept for it. */
  | { readonly kind: "forget"; readonly replica: Replica }
  | { readonly kind: "dispatch"; readonly replica: Replica; readonly execution: Execution; readonly attempt: Attempt }
  /** An attempt of a router that is no more is found on its replica, and nothing was known of it. */
  | { readonly kind: "found"; readonly execution: Execution; readonly attempt: Attempt }
  | { readonly kind: "cancelAttempt"; readonly replicaId: string; readonly key: AttemptKey }
  /** A replica has an attempt of an execution that is not known: ask what it is. */
  | { readonly kind: "askAbout"; readonly replicaId: string; readonly key: AttemptKey }
  /** The execution waits for a slot (again). */
  | { readonly kind: "waiting"; readonly execution: Execution }
  /** An attempt ended and another one follows. */
  | {
      readonly kind: "attemptEnded";
      readonly execution: Execution;
      readonly attempt: Attempt;
      readonly end: AttemptEnd;
    }
  /** The execution ended; nothing about it follows. */
  | { readonly kind: "ended"; readonly execution: Execution; readonly end: AttemptEnd }
  /** It ended long enough ago: questions about it are no longer answered. */
  | { readonly kind: "forgotten"; readonly execution: Execution };
