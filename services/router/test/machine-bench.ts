import type {
  Announcement,
  AttemptKey,
  EnvironmentFacts,
  RouterEffect,
  RouterEvent,
  SlotsReport,
} from "../src/core/events.ts";
import type { Execution, Outcome } from "../src/core/execution.ts";
import { RouterMachine } from "../src/core/router-machine.ts";
import { anExecution } from "./samples.ts";

/** A machine with a clock, in short words. */
export class Bench {
  readonly machine = new RouterMachine({ ttlMs: 600_000, countMax: 1_000, bytesMax: 1_000_000 });
  now = 1_000;

  constructor() {
    this.deploy("v1");
  }

  deploy(version: string, change: Partial<EnvironmentFacts> = {}): string[] {
    const facts = { version, maxReplicas: 3, isolateOutOfMemory: false, freshReplicaPolicy: "fresh policy" };
    return this.does({ kind: "environmentChanged", name: "images", environment: { ...facts, ...change } });
  }

  /** What the machine does, in short words. */
  does(event: RouterEvent): string[] {
    const effects = this.machine.step(event, this.now);
    for (const effect of effects) {
      if (effect.kind !== "ended") continue;
      const { execution } = effect;
      this.machine.step({ kind: "kept", execution, as: execution }, this.now);
    }
    return effects.map(describeEffect);
  }

  admit(id: string, change: Partial<Execution> = {}): string[] {
    return this.does({ kind: "admitted", execution: this.execution(id, change), policyOverride: undefined });
  }

  execution(id: string, change: Partial<Execution> = {}): Execution {
    return anExecution(id, {
      ...{ idempotencyKey: `key of ${id}`, acceptedAt: this.now, argumentBytes: 1 },
      state: { kind: "queued", since: this.now, waitReason: "" },
      ...change,
    });
  }

  announce(replicaId: string, state: Announcement["state"] = "ready", version = "v1", pool = "images"): string[] {
    const announcement = { replicaId, pool, environment: "images", version, address: "a:1", state };
    return this.does({ kind: "announced", announcement });
  }

  /** A replica that is there with this many free slots. */
  ready(
    replicaId: string,
    slots: number,
    version = "v1",
    pool = "images",
    state: Announcement["state"] = "ready",
  ): string[] {
    this.announce(replicaId, state, version, pool);
    return this.attach(replicaId, [], { total: slots });
  }

  /** The replica answers on a new stream, with its attempts of this router. */
  attach(
    replicaId: string,
    live: readonly AttemptKey[],
    more: { readonly total?: number; readonly free?: number; readonly adopted?: readonly AttemptKey[] } = {},
  ): string[] {
    const { total = 1, free = total, adopted = [] } = more;
    return this.does({ kind: "attached", replicaId, live, adopted, slots: { total, free, seen: 0 } });
  }

  /** What the replica says of its slots. */
  slots(replicaId: string, slots: SlotsReport): string[] {
    const replicas = [...this.machine.pools()].flatMap((pool) => [...pool.replicas]);
    const replica = replicas.find(({ id }) => id === replicaId);
    return replica === undefined ? [] : this.does({ kind: "slots", replica, slots });
  }

  end(executionId: string, attempt = 1, outcome: Outcome = "succeeded"): string[] {
    const reasons = {
      lost: "REPLICA_LOST",
      failed: "TASK_FAILED",
      succeeded: "",
      timed_out: "",
      cancelled: "CANCELLED",
    };
    const reason = reasons[outcome];
    const end = { outcome, reason, message: "", resultBytes: 0, neighbours: 0 };
    return this.does({ kind: "attemptEnded", key: { executionId, attempt }, end });
  }

  /** Lets so much time pass, and says so. */
  tick(ms: number): string[] {
    this.now += ms;
    return this.does({ kind: "tick" });
  }

  /** Lets time pass up to the machine's next due time. */
  untilDue(): string[] {
    this.now = this.machine.nextDueAt;
    return this.does({ kind: "due" });
  }

  /** The runner dies under it, with so many others. */
  die(executionId: string, attempt: number, neighbours: number, reason = "RUNNER_CRASHED"): string[] {
    const end = { outcome: "lost", reason, message: "", resultBytes: 0, neighbours } as const;
    return this.does({ kind: "attemptEnded", key: { executionId, attempt }, end });
  }

  waitReason(id: string): string {
    const state = this.machine.execution(id)?.state;
    return state?.kind === "queued" ? state.waitReason : "";
  }
}

function describeEffect(effect: RouterEffect): string {
  switch (effect.kind) {
    case "attach":
    case "reattach":
    case "forget":
      return `${effect.kind} ${effect.replica.id}`;
    case "found":
      return `found ${effect.execution.id}#${effect.attempt.number} on ${effect.attempt.replicaId}`;
    case "dispatch":
      return `dispatch ${effect.execution.id}#${effect.attempt.number} to ${effect.replica.id}`;
    case "askAbout":
      return `ask ${effect.replicaId} about ${effect.key.executionId}#${effect.key.attempt}`;
    case "cancelAttempt":
      return `cancel ${effect.key.executionId}#${effect.key.attempt} on ${effect.replicaId}`;
    case "waiting":
      return `${effect.execution.id} waits`;
    case "attemptEnded":
      return `${effect.execution.id}#${effect.attempt.number} ${effect.end.outcome}`;
    case "forgotten":
      return `forget ${effect.execution.id}`;
    case "ended":
      return `${effect.execution.id} ended ${effect.end.outcome}`;
  }
}
