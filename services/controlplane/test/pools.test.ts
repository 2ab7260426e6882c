import { toJsonString } from "@bufbuild/protobuf";
import type { Pool, ReplicaState as State } from "@hearth/proto";
import { ReplicaState, WatchPoolResponseSchema } from "@hearth/proto";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually } from "./support/eventually.ts";
import { startRouterTwin, type RouterTwin } from "./support/router-twin.ts";
import { bundle, bundleSha256, deploy, startSystem, type System } from "./support/system.ts";

let system: System;
let router: RouterTwin;

beforeAll(async () => {
  const twin = [process.execPath, join(import.meta.dirname, "support", "agent-twin.ts")];
  system = await startSystem({ HEARTH_AGENT_COMMAND: JSON.stringify(twin) });
  await system.bundles().uploadBundle({ sha256: bundleSha256, data: bundle });
  router = await startRouterTwin(system.bus);
});

afterAll(async () => {
  for (const { name } of (await system.environments().listEnvironments({})).environments) {
    await system.environments().deleteEnvironment({ name });
    await poolWhere(system, name, (pool) => pool.replicas.length === 0).catch(() => undefined);
  }
  await router.stop();
  await system.stop();
});

/** The environment's shared pool once it is as the test wants it. */
async function poolWhere(
  of: System,
  name: string,
  isWanted: (pool: Pool) => boolean,
  which = (pool: Pool): boolean => pool.name === pool.environment,
): Promise<Pool> {
  const signal = AbortSignal.timeout(15_000);
  let last: Pool | undefined;
  try {
    for await (const { pools } of of.environments().watchPool({ name }, { signal })) {
      last = pools.find(which);
      if (last !== undefined && isWanted(last)) return last;
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  throw new Error(`the pool did not become what was wanted; last: ${last?.reason ?? "no pool"}`);
}

const countIn = (pool: Pool, state: State): number => pool.replicas.filter((replica) => replica.state === state).length;
const seconds = (count: number) => ({ seconds: BigInt(count) });
const awake = { idleTtl: seconds(600), scaledownTtl: seconds(600) };

test("the first demand starts the minimum, more backlog more, and idleness takes all away", async () => {
  const ttls = { idleTtl: seconds(2), scaledownTtl: seconds(600) };
  await deploy(system, { name: "wakes" }, { minReplicas: 1, maxReplicas: 2, ...ttls });
  expect((await poolWhere(system, "wakes", () => true)).replicas).toEqual([]);
  router.want({ pool: "wakes", environment: "wakes", backlog: 5, oldestUnixMs: Date.now() });
  const grown = await poolWhere(system, "wakes", (pool) => countIn(pool, ReplicaState.READY) === 2);
  expect(grown.replicas.map(({ startReason }) => startReason).join()).toContain("5 executions wait");
  expect(grown.reason).toBe("5 executions wait: at max replicas (2)");
  router.want();
  const asleep = await poolWhere(system, "wakes", (pool) => pool.replicas.length === 0);
  expect(asleep).toMatchObject({ desiredReplicas: 0, reason: "the environment was idle for 2 s (idle TTL)" });
});

test("replicas live on without the control plane and are taken over by the next one", async () => {
  await deploy(system, { name: "adopted" }, { minReplicas: 1, maxReplicas: 1, ...awake });
  router.want({ pool: "adopted", environment: "adopted", backlog: 1, oldestUnixMs: Date.now() });
  const before = await poolWhere(system, "adopted", (pool) => countIn(pool, ReplicaState.READY) === 1);
  router.want();
  await system.restart();
  const after = await poolWhere(system, "adopted", (pool) => pool.replicas.some(({ agentPid }) => agentPid !== 0));
  expect(after.replicas.map(({ id, agentPid }) => [id, agentPid])).toEqual(
    before.replicas.map(({ id, agentPid }) => [id, agentPid]),
  );
});

test("replicas outlive a restart of the NATS server", async () => {
  await deploy(system, { name: "survives" }, { minReplicas: 1, maxReplicas: 1, ...awake });
  router.want({ pool: "survives", environment: "survives", backlog: 1, oldestUnixMs: Date.now() });
  const before = await poolWhere(system, "survives", (pool) => countIn(pool, ReplicaState.READY) === 1);
  router.want();
  await system.nats.restart();
  const { environment } = await deploy(system, { name: "survives" }, { ...awake, minReplicas: 2, maxReplicas: 2 });
  expect(environment.policy).toMatchObject({ maxReplicas: 2 });
  const after = await poolWhere(system, "survives", (pool) => countIn(pool, ReplicaState.READY) === 2);
  expect(after.replicas[0]?.id).toBe(before.replicas[0]?.id);
});

test("a replica that crashes is replaced", async () => {
  await deploy(system, { name: "crashes" }, { minReplicas: 1, maxReplicas: 1, ...awake });
  router.want({ pool: "crashes", environment: "crashes", backlog: 1, oldestUnixMs: Date.now() });
  const before = await poolWhere(system, "crashes", (pool) => countIn(pool, ReplicaState.READY) === 1);
  process.kill(before.replicas[0]?.agentPid ?? 0, "SIGKILL");
  const after = await poolWhere(
    system,
    "crashes",
    (pool) => countIn(pool, ReplicaState.READY) === 1 && pool.replicas[0]?.id !== before.replicas[0]?.id,
  );
  router.want();
  expect(after.replicas).toHaveLength(1);
});

test("a new version's replica takes over from the one in use", async () => {
  await deploy(system, { name: "rolls" }, { minReplicas: 1, maxReplicas: 1, ...awake });
  router.want({ pool: "rolls", environment: "rolls", backlog: 1, oldestUnixMs: Date.now() });
  await poolWhere(system, "rolls", (pool) => countIn(pool, ReplicaState.READY) === 1);
  const { environment } = await deploy(system, { name: "rolls", tasks: [{ name: "other", entrypoint: "m:o" }] });
  const after = await poolWhere(
    system,
    "rolls",
    ({ replicas }) => replicas.length === 1 && replicas[0]?.version === environment.version?.id,
  );
  router.want();
  expect(after.replicas[0]?.state).toBe(ReplicaState.READY);
});

test("a start that fails is shown with the last lines of the replica's output and tried again", async () => {
  const layers = [{ kind: { case: "processVariables" as const, value: { variables: { TWIN_FAIL: "1" } } } }];
  await deploy(system, { name: "fails", image: { layers } }, { minReplicas: 1, maxReplicas: 1, ...awake });
  router.want({ pool: "fails", environment: "fails", backlog: 1, oldestUnixMs: Date.now() });
  const pool = await poolWhere(system, "fails", ({ reason }) => reason.includes("after 2 failed starts"));
  expect(pool.lastStartFailure).toBe("its process ended (exit code 3)\nthe twin was told to fail");
  router.want();
});

test("a variant has a pool of its own, with the policy the demand carries", async () => {
  await deploy(system, { name: "varied" }, { minReplicas: 2, maxReplicas: 2 });
  const policyOverride = { minReplicas: 1, maxReplicas: 1, concurrency: 6, idleTtl: seconds(1) };
  const demand = { pool: "varied/alone", environment: "varied", backlog: 9, oldestUnixMs: Date.now(), policyOverride };
  router.want(demand);
  const which = (pool: Pool): boolean => pool.name === "varied/alone";
  const variant = await poolWhere(system, "varied", (pool) => countIn(pool, ReplicaState.READY) === 1, which);
  expect(variant).toMatchObject({ desiredReplicas: 1, replicas: [{ slots: 6 }] });
  expect((await poolWhere(system, "varied", () => true)).replicas).toEqual([]);
  router.want();
  await eventually("the variant is asleep and forgotten", async () => {
    for await (const { pools } of system.environments().watchPool({ name: "varied" })) {
      return pools.some(which) ? undefined : true;
    }
    return undefined;
  });
});

test("a watcher is told of changes only, however often replicas announce themselves", async () => {
  await deploy(system, { name: "calm" }, { minReplicas: 1, maxReplicas: 1, idleTtl: seconds(3) });
  const told: string[] = [];
  let wasReady = false;
  router.want({ pool: "calm", environment: "calm", backlog: 1, oldestUnixMs: Date.now() });
  for await (const state of system.environments().watchPool({ name: "calm" })) {
    told.push(toJsonString(WatchPoolResponseSchema, state));
    const ready = state.pools.some((pool) => countIn(pool, ReplicaState.READY) === 1);
    if (ready && !wasReady) router.want();
    wasReady ||= ready;
    if (wasReady && state.pools.every(({ replicas }) => replicas.length === 0)) break;
  }
  expect(told.filter((state, index) => state === told[index - 1])).toEqual([]);
});

test("a deleted environment's replicas are drained", async () => {
  await deploy(system, { name: "ends" }, { minReplicas: 1, maxReplicas: 1, ...awake });
  router.want({ pool: "ends", environment: "ends", backlog: 1, oldestUnixMs: Date.now() });
  const { replicas } = await poolWhere(system, "ends", (pool) => countIn(pool, ReplicaState.READY) === 1);
  router.want();
  const pid = replicas[0]?.agentPid ?? 0;
  await system.environments().deleteEnvironment({ name: "ends" });
  await eventually("the replica's process is gone", () => (isRunning(pid) ? undefined : true));
});

test("a control plane that is told to stops its replicas with itself", async () => {
  const twin = [process.execPath, join(import.meta.dirname, "support", "agent-twin.ts")];
  const own = await startSystem({
    HEARTH_AGENT_COMMAND: JSON.stringify(twin),
    HEARTH_STOP_REPLICAS_ON_EXIT: "true",
  });
  const ownRouter = await startRouterTwin(own.bus);
  await own.bundles().uploadBundle({ sha256: bundleSha256, data: bundle });
  await deploy(own, { name: "stops" }, { minReplicas: 1, maxReplicas: 1, ...awake });
  ownRouter.want({ pool: "stops", environment: "stops", backlog: 1, oldestUnixMs: Date.now() });
  const { replicas } = await poolWhere(own, "stops", (pool) => countIn(pool, ReplicaState.READY) === 1);
  await ownRouter.stop();
  await own.stop();
  expect(isRunning(replicas[0]?.agentPid ?? 0)).toBe(false);
});

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
