import { poolLabel, type Metrics } from "@hearth/telemetry";
import type { Attempt, AttemptEnd, Execution } from "../core/execution.ts";
import type { Pool } from "../core/pool.ts";

/** What a router measures: docs/metrics.md. */
export class RouterMetrics {
  readonly #metrics: Metrics;

  constructor(metrics: Metrics) {
    this.#metrics = metrics;
  }

  /** From now on exports say how many wait. */
  watchBacklogs(pools: () => Iterable<Pool>): void {
    this.#metrics.gauge("hearth.pool.backlog", () => {
      const totals = new Map<string, { environment: string; backlog: number }>();
      for (const { name, environment, backlog } of pools()) {
        const label = poolLabel(name);
        totals.set(label, { environment, backlog: (totals.get(label)?.backlog ?? 0) + backlog.size });
      }
      return [...totals].map(([pool, { environment, backlog }]) => ({
        value: backlog,
        attributes: { "hearth.environment": environment, "hearth.pool": pool },
      }));
    });
  }

  rejected(reason: string): void {
    if (this.#metrics.on) this.#metrics.count("hearth.executions.rejected", { "hearth.reason": reason });
  }

  dispatched({ environment }: Execution, { cold, waitedMs }: Attempt): void {
    if (!this.#metrics.on) return;
    const start = cold ? "cold" : "warm";
    this.#metrics.record("hearth.execution.wait", waitedMs, {
      "hearth.environment": environment,
      "hearth.start": start,
    });
  }

  /** Another attempt follows. */
  retried({ environment }: Execution, { reason }: AttemptEnd): void {
    if (!this.#metrics.on) return;
    this.#metrics.count("hearth.attempts.retried", { "hearth.environment": environment, "hearth.reason": reason });
  }

  ended({ environment, acceptedAt }: Execution, { outcome }: AttemptEnd, now: number): void {
    if (!this.#metrics.on) return;
    const attributes = { "hearth.environment": environment, "hearth.outcome": outcome };
    this.#metrics.record("hearth.execution.duration", now - acceptedAt, attributes);
  }
}
