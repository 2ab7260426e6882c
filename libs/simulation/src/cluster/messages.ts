import type { AttemptKey, Execution, Limits } from "@hearth/router/core";

/** What an execution is going to do. */
export interface Work {
  /** How long its task works by itself, once it has a slot. Half of it before its calls, half after. */
  readonly durationMs: number;
  /** What it calls, all at once, and waits for. */
  readonly calls: readonly ExecutionOrder[];
  /** The attempts up to this number fail at their end. Default 0. */
  readonly failures?: number;
}

/** What somebody asks for. */
export interface ExecutionOrder {
  readonly environment: string;
  readonly work: Work;
  /** The run it belongs to. Undefined: a run of its own, or its caller's. */
  readonly run?: string;
  readonly affinityKey?: string;
  readonly priority?: number;
  readonly freshReplica?: boolean;
  /** As a router's; what is absent has no bound. */
  readonly limits?: Partial<Limits>;
}

export type SimulatedOutcome = "succeeded" | "failed" | "cancelled" | "lost";

/** How an attempt ended. */
export interface AttemptReport {
  readonly key: AttemptKey;
  readonly outcome: SimulatedOutcome;
  readonly reason: string;
  readonly neighbours: number;
}

/** A call of task code. */
export interface ChildCall {
  readonly executionId: string;
  readonly parentId: string;
  readonly runId: string;
  readonly order: ExecutionOrder;
  /** It was asked for on an earlier stream. */
  readonly askedBefore: boolean;
}

export type ToAgent =
  | {
      readonly kind: "dispatch";
      readonly key: AttemptKey;
      readonly runId: string;
      readonly work: Work;
      /** Infinity: none. */
      readonly deadline: number;
      /** As its router has it: what was accepted is read of it, not what became of it. */
      readonly execution: Execution;
    }
  | { readonly kind: "cancel"; readonly key: AttemptKey }
  | { readonly kind: "acknowledge"; readonly key: AttemptKey }
  | { readonly kind: "askAbout"; readonly key: AttemptKey }
  | { readonly kind: "childEnded"; readonly executionId: string };

/** A frame from an agent: all that came up in one moment. */
export interface ToRouter {
  /** The attempts of this router that the agent has; only in the first frame. */
  hello: { readonly live: readonly AttemptKey[]; readonly adopted: readonly AttemptKey[] } | undefined;
  slots: { readonly total: number; readonly free: number; readonly seen: number } | undefined;
  readonly refusals: { readonly key: AttemptKey; readonly reason: string }[];
  readonly ends: AttemptReport[];
  readonly calls: ChildCall[];
  /** What the router does not know, of attempts that the agent has. */
  readonly unknown: Execution[];
  readonly cancellations: string[];
}

export function emptyFrame(): ToRouter {
  return { hello: undefined, slots: undefined, refusals: [], ends: [], calls: [], unknown: [], cancellations: [] };
}

/** What an agent announces to everybody. */
export interface SimulatedAnnouncement {
  readonly replicaId: string;
  readonly pool: string;
  readonly environment: string;
  readonly version: string;
  readonly state: "starting" | "ready" | "draining" | "ended";
  readonly cause: "" | "SINGLE_USE" | "STOPPED";
  readonly reason: string;
  readonly sequence: number;
  readonly total: number;
  readonly free: number;
  readonly busy: number;
  readonly lent: number;
  readonly executions: number;
  readonly idleSinceMs: number | undefined;
}
