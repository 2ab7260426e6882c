import { poolLabel, type Metrics } from "@hearth/telemetry";
import type { PoolView } from "../core/pool-view.ts";
import type { Replica } from "../core/replica.ts";

/** What the control plane measures: docs/metrics.md. */
export class PoolMetrics {
  readonly #metrics: Metrics;

  constructor(metrics: Metrics) {
    this.#metrics = metrics;
  }

  /** From now on exports say how large the pools are. */
  watch(pools: () => Iterable<PoolView>): void {
    this.#metrics.gauge("hearth.pool.desired", () =>
      total(pools(), ({ environment, name, desired }) => [
        { value: desired, attributes: { "hearth.environment": environment, "hearth.pool": poolLabel(name) } },
      ]),
    );
    this.#metrics.gauge("hearth.pool.replicas", () =>
      total(pools(), ({ environment, name, replicas }) =>
        replicas.map(({ state }) => ({
          value: 1,
          attributes: { "hearth.environment": environment, "hearth.pool": poolLabel(name), "hearth.state": state },
        })),
      ),
    );
  }

  startDecided({ environment, startCause }: Replica): void {
    if (!this.#metrics.on) return;
    this.#metrics.count("hearth.replica.starts", { "hearth.environment": environment, "hearth.cause": startCause });
  }

  /** A replica's state has become another one. */
  changed({ environment, state, startCause, endCause, createdAtMs, readyAtMs }: Replica): void {
    if (!this.#metrics.on) return;
    const of = { "hearth.environment": environment };
    // One that was found ready was started by another control plane, who knows when.
    if (state === "ready" && startCause !== "ADOPTED" && readyAtMs !== undefined) {
      this.#metrics.record("hearth.replica.start_up", readyAtMs - createdAtMs, of);
    }
    if (state === "ended") this.#metrics.count("hearth.replica.ends", { ...of, "hearth.cause": endCause ?? "LOST" });
  }
}

interface Point<Attributes> {
  readonly value: number;
  readonly attributes: Attributes;
}

/** Points with the same attributes added up, as several pools may count under one name. */
function total<Attributes>(
  pools: Iterable<PoolView>,
  pointsOf: (pool: PoolView) => readonly Point<Attributes>[],
): Iterable<Point<Attributes>> {
  const totals = new Map<string, Point<Attributes>>();
  for (const pool of pools) {
    for (const { value, attributes } of pointsOf(pool)) {
      const key = JSON.stringify(attributes);
      totals.set(key, { value: value + (totals.get(key)?.value ?? 0), attributes });
    }
  }
  return totals.values();
}
