import type { Courses, Figures } from "./figures.ts";
import { GrowingNumbers } from "./growing-numbers.ts";
import { LevelOverTime } from "./level-over-time.ts";
import { distributionOf, spreadOf } from "./quantiles.ts";

/** How one execution went. */
export interface EndedExecution {
  readonly arrivedAtMs: number;
  /** When it first had a slot. Undefined: never. */
  readonly startedAtMs: number | undefined;
  readonly endedAtMs: number;
  readonly succeeded: boolean;
  readonly cold: boolean;
}

const distributionSteps = 240;

/** Takes down what happens in a simulation, and makes figures of it at any moment. Moments must not go back. */
export class Recorder {
  readonly #waiting = new GrowingNumbers();
  readonly #latency = new GrowingNumbers();
  readonly #replicas = new LevelOverTime();
  readonly #busyReplicas = new LevelOverTime();
  readonly #slots = new LevelOverTime();
  readonly #busySlots = new LevelOverTime();
  readonly #backlog = new LevelOverTime();
  readonly #starts = new Map<string, number>();
  readonly #ends = new Map<string, number>();
  #arrived = 0;
  #succeeded = 0;
  #rejected = 0;
  #cold = 0;

  /** Executions that were asked for. */
  get arrived(): number {
    return this.#arrived;
  }

  /** Executions that ended. */
  get executions(): number {
    return this.#latency.length;
  }

  /** Whether every execution has ended or was turned away. */
  get isDone(): boolean {
    return this.executions + this.#rejected === this.#arrived;
  }

  /** Whether there is also no replica any more. */
  get isAsleep(): boolean {
    return this.isDone && this.#replicas.level === 0;
  }

  executionArrived(): void {
    this.#arrived += 1;
  }

  executionRejected(): void {
    this.#rejected += 1;
  }

  executionEnded(execution: EndedExecution): void {
    const { arrivedAtMs, startedAtMs, endedAtMs } = execution;
    this.#latency.push(endedAtMs - arrivedAtMs);
    this.#waiting.push((startedAtMs ?? endedAtMs) - arrivedAtMs);
    if (execution.succeeded) this.#succeeded += 1;
    if (execution.cold) this.#cold += 1;
  }

  replicaStarted(replica: { readonly cause: string; readonly slots: number }, nowMs: number): void {
    count(this.#starts, replica.cause);
    this.#replicas.add(1, nowMs);
    this.#slots.add(replica.slots, nowMs);
  }

  replicaEnded(replica: { readonly cause: string; readonly slots: number }, nowMs: number): void {
    count(this.#ends, replica.cause);
    this.#replicas.add(-1, nowMs);
    this.#slots.add(-replica.slots, nowMs);
  }

  /** How many replicas have a live attempt changed by so many. */
  busyReplicasChanged(difference: number, nowMs: number): void {
    this.#busyReplicas.add(difference, nowMs);
  }

  busySlotsChanged(difference: number, nowMs: number): void {
    this.#busySlots.add(difference, nowMs);
  }

  backlogChanged(executions: number, nowMs: number): void {
    if (executions !== this.#backlog.level) this.#backlog.set(executions, nowMs);
  }

  figures(nowMs: number): Figures {
    const executions = this.#latency.length;
    const replicaMs = this.#replicas.areaUntil(nowMs);
    const slotMs = this.#slots.areaUntil(nowMs);
    const busyMs = this.#busySlots.areaUntil(nowMs);
    return {
      executions,
      succeeded: this.#succeeded,
      rejected: this.#rejected,
      unfinished: this.#arrived - executions - this.#rejected,
      cold: this.#cold,
      coldShare: executions === 0 ? 0 : this.#cold / executions,
      waitingMs: spreadOf(this.#waiting.sorted()),
      latencyMs: spreadOf(this.#latency.sorted()),
      replicaSeconds: replicaMs / 1_000,
      idleReplicaSeconds: (replicaMs - this.#busyReplicas.areaUntil(nowMs)) / 1_000,
      slotSeconds: slotMs / 1_000,
      busySlotSeconds: busyMs / 1_000,
      utilisation: slotMs === 0 ? 0 : busyMs / slotMs,
      replicasMax: this.#replicas.max,
      replicasMean: nowMs === 0 ? 0 : replicaMs / nowMs,
      backlogMax: this.#backlog.max,
      starts: sortedByCause(this.#starts),
      ends: sortedByCause(this.#ends),
      simulatedMs: nowMs,
    };
  }

  courses(nowMs: number): Courses {
    return {
      replicas: this.#replicas.until(nowMs),
      busySlots: this.#busySlots.until(nowMs),
      backlog: this.#backlog.until(nowMs),
      waiting: distributionOf(this.#waiting.sorted(), distributionSteps),
    };
  }
}

function count(counts: Map<string, number>, cause: string): void {
  counts.set(cause, (counts.get(cause) ?? 0) + 1);
}

function sortedByCause(counts: ReadonlyMap<string, number>): Record<string, number> {
  return Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1)));
}
