import { defaultPolicy } from "@hearth/policy";
import { turnsPerOldest } from "@hearth/router/core";
import { perfectNetwork, SimulatedCluster, type ExecutionOrder, type Network, type Observer } from "@hearth/simulation";
import { expect, test } from "vitest";
import { nobodyStarves } from "./nobody-starves.ts";

test("what a dead router had sent out, and its successor finds on a replica, passes nobody over who waits there", () => {
  const slots = turnsPerOldest * 3;
  // The first router writes nothing down: only the replica can tell.
  const network: Network = { ...perfectNetwork(), call: (from) => (from === "router-1" ? undefined : 0) };
  const { cluster, submit, broken } = watch(slots, network);
  cluster.queue.at(1_000, () => submit(slots, { durationMs: 60_000 }));
  cluster.queue.at(2_000, () => {
    for (const router of cluster.routers) cluster.killRouter(router, 0);
  });
  cluster.queue.at(3_000, () => submit(1, { durationMs: 1 }));
  cluster.queue.runUntil(30_000);
  expect(cluster.routers.map(({ backlog }) => backlog)).toEqual([1]);
  expect(broken).toEqual([]);
});

test("turns of those that wait again after a failure, and longer than another one, do not pass that one over", () => {
  const { cluster, submit, broken, begun } = watch(1);
  const retry = { retries: 1, initialBackoffMs: 500, backoffFactor: 1, maxBackoffMs: 500, retryOn: [] };
  let later: readonly string[] = [];
  let others: readonly string[] = [];
  cluster.queue.at(1_000, () => submit(2, { durationMs: 1, failures: 1 }, { priority: -1, limits: { retry } }));
  cluster.queue.at(1_400, () => submit(1, { durationMs: 1_000 }));
  cluster.queue.at(2_000, () => {
    later = submit(1, { durationMs: 1 }, { priority: -1 });
    others = submit(turnsPerOldest * 4, { durationMs: 1 });
  });
  cluster.queue.runUntil(5_000);
  const before = begun.slice(0, begun.indexOf(later[0] ?? ""));
  expect(before.filter((id) => others.includes(id)).length).toBeGreaterThan(turnsPerOldest * 2);
  expect(broken).toEqual([]);
});

/** A cluster of a router and one replica with so many slots, what the rule says of it, and what began there in turn. */
function watch(slots: number, network = perfectNetwork()) {
  const policy = { ...defaultPolicy, minReplicas: 1, maxReplicas: 1, concurrency: slots };
  const observer: Observer = {};
  const cluster = new SimulatedCluster({ routers: 1, startUpMs: () => 100, network, observer });
  const broken: string[] = [];
  const begun: string[] = [];
  const checker = nobodyStarves({
    ...{ cluster, now: () => cluster.queue.nowMs, policy: () => policy, isDisturbed: () => false },
    report: (_rule, how) => void broken.push(how),
  });
  Object.assign(observer, checker.observer);
  observer.attemptWorked = (_agent, id, _attempt, what) => {
    if (what === "began") begun.push(id);
  };
  cluster.deploy("env", "v1", policy);
  const submit = (
    count: number,
    work: Partial<ExecutionOrder["work"]>,
    how: Partial<ExecutionOrder> = {},
  ): string[] => {
    const order = { environment: "env", run: "run", work: { durationMs: 1, calls: [], ...work }, ...how };
    return Array.from({ length: count }, () => cluster.submit(order) ?? "refused");
  };
  return { cluster, submit, broken, begun };
}
