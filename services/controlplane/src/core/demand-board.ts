import type { Policy } from "@hearth/policy";

/** What one router wants of one pool. */
export interface PoolDemand {
  readonly pool: string;
  readonly environment: string;
  /** Accepted executions without a slot. */
  readonly backlog: number;
  /** Since when the oldest of them has waited. Undefined without a backlog. */
  readonly oldestMs: number | undefined;
  /** The pool's own policy, when it is not the environment's. */
  readonly policyOverride: Policy | undefined;
}

export interface RouterReport {
  readonly routerId: string;
  readonly address: string;
  /** A smaller one than the last is stale. */
  readonly sequence: number;
  readonly pools: readonly PoolDemand[];
}

/** A router that has not reported for this long is lost, and its demand is dropped. */
export const routerSilenceMaxMs = 5_000;

/** As much as can be told to those who watch a pool. */
const backlogMax = 2 ** 32 - 1;

/** What all live routers want, and where they are. */
export class DemandBoard {
  readonly #routers = new Map<string, { readonly report: RouterReport; heardAtMs: number }>();

  /** Takes a report. Returns whether it was news. */
  hear(report: RouterReport, now: number): boolean {
    const known = this.#routers.get(report.routerId);
    if (known !== undefined && report.sequence < known.report.sequence) return false;
    this.#routers.set(report.routerId, { report, heardAtMs: now });
    return true;
  }

  /** Forgets routers that have been silent for too long. Returns whether there were any. */
  forgetSilent(now: number): boolean {
    const before = this.#routers.size;
    for (const [id, { heardAtMs }] of this.#routers) {
      if (now - heardAtMs >= routerSilenceMaxMs) this.#routers.delete(id);
    }
    return this.#routers.size < before;
  }

  /** Counts silence from now on: nobody could be heard until now. */
  excuseSilence(now: number): void {
    for (const router of this.#routers.values()) router.heardAtMs = now;
  }

  /** When the next router will be lost unless it reports before. */
  nextSilentAt(): number | undefined {
    const moments = [...this.#routers.values()].map(({ heardAtMs }) => heardAtMs + routerSilenceMaxMs);
    return moments.length === 0 ? undefined : Math.min(...moments);
  }

  /** The addresses of live routers, the one heard of most recently first. */
  addresses(): readonly string[] {
    const routers = [...this.#routers.values()].sort((a, b) => b.heardAtMs - a.heardAtMs);
    return [...new Set(routers.map(({ report }) => report.address))];
  }

  /** The demand of every pool, summed over routers. */
  totals(): ReadonlyMap<string, PoolDemand> {
    const totals = new Map<string, PoolDemand>();
    for (const { report } of this.#routers.values()) {
      for (const demand of report.pools) totals.set(demand.pool, sum(totals.get(demand.pool), demand));
    }
    return totals;
  }
}

function sum(a: PoolDemand | undefined, b: PoolDemand): PoolDemand {
  if (a === undefined) return b;
  const moments = [a.oldestMs, b.oldestMs].filter((moment) => moment !== undefined);
  return {
    ...b,
    backlog: Math.min(backlogMax, a.backlog + b.backlog),
    oldestMs: moments.length === 0 ? undefined : Math.min(...moments),
    policyOverride: b.policyOverride ?? a.policyOverride,
  };
}
