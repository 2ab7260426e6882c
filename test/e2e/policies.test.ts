import { timestampMs } from "@bufbuild/protobuf/wkt";
import { ReplicaState, type Attempt, type Replica } from "@hearth/proto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startDev, type Dev } from "./support/dev.ts";
import { readEnd, request, type Ended } from "./support/execute.ts";
import { deploy, programFile } from "./support/programs.ts";
import { watchPools, type PoolWatch } from "./support/watch-pools.ts";

let dev: Dev;
beforeAll(async () => {
  dev = await startDev();
  await deploy(dev, programFile("pools.py"), "who_serves");
});
afterAll(() => dev[Symbol.asyncDispose]());

async function execute(
  environment: string,
  task: string,
  args: readonly unknown[] = [],
  options: { readonly affinityKey?: string; readonly freshReplica?: boolean } = {},
): Promise<Ended & { readonly attempts: readonly Attempt[] }> {
  const { end } = await dev.executions.execute({ execution: { ...request(environment, task, args), ...options } });
  const ended = readEnd(end);
  const { execution } = await dev.executions.getExecution({ executionId: ended.id });
  return { ...ended, attempts: execution?.attempts ?? [] };
}

const replicasOf = ({ latest }: PoolWatch): readonly Replica[] => latest.flatMap(({ replicas }) => replicas);

/** All replicas that were ever seen, in their last state. */
function seenBy({ states }: PoolWatch): readonly Replica[] {
  const byId = new Map<string, Replica>();
  for (const { pools } of states) for (const { replicas } of pools) for (const one of replicas) byId.set(one.id, one);
  return [...byId.values()];
}

/** How long replicas had been idle when they were told to go, by the cause that they were told. */
async function idleWhenDrained(environment: string): Promise<Readonly<Record<string, readonly number[]>>> {
  const { replicas } = await dev.environments.listReplicas({ environment });
  const drained = replicas.filter(({ drainingAt, idleSince }) => drainingAt !== undefined && idleSince !== undefined);
  const byCause = Object.groupBy(drained, ({ endCause }) => endCause);
  const idleMs = (replica: Replica): number => timestampMs(replica.drainingAt!) - timestampMs(replica.idleSince!);
  return Object.fromEntries(Object.entries(byCause).map(([cause, ones]) => [cause, (ones ?? []).map(idleMs)]));
}

describe("the TTLs of an environment with one to three replicas", () => {
  test("each is kept to within a second: the surplus goes after the one, the rest after the other", async () => {
    await using watch = await watchPools(dev, "brief");
    await Promise.all([1, 2, 3].map(() => execute("brief", "nap", [0.5])));
    expect(replicasOf(watch)).toHaveLength(3);
    await expect.poll(() => replicasOf(watch).length, { timeout: 10_000, interval: 20 }).toBe(0);
    const { SCALEDOWN_TTL: scaledDown = [], IDLE_TTL: fellAsleep = [] } = await idleWhenDrained("brief");
    expect([scaledDown.length, fellAsleep.length]).toEqual([2, 1]);
    for (const idleMs of scaledDown) expect(idleMs).toSatisfy((ms: number) => ms >= 1_300 && ms < 2_300);
    for (const idleMs of fellAsleep) expect(idleMs).toSatisfy((ms: number) => ms >= 3_700 && ms < 4_700);
    expect(watch.latest[0]?.reason).toBe("the environment was idle for 3.7 s (idle TTL)");
  });
});

describe("a warm-up", () => {
  test("starts replicas before anybody asks for an execution, which then has one", async () => {
    await using watch = await watchPools(dev, "brief");
    expect(await dev.environments.warmEnvironment({ name: "brief", replicas: 2 })).toMatchObject({ replicas: 2 });
    const ready = (): number => replicasOf(watch).filter(({ state }) => state === ReplicaState.READY).length;
    await expect.poll(ready, { timeout: 20_000, interval: 20 }).toBe(2);
    const warm = replicasOf(watch).map(({ id }) => id);
    const { attempts } = await execute("brief", "nap", [0]);
    expect(warm).toContain(attempts[0]?.replicaId);
    expect(new Set(seenBy(watch).map(({ startCause }) => startCause))).toEqual(new Set(["WARM_UP"]));
  });
});

describe("a fresh replica", () => {
  test("serves one execution and is gone", async () => {
    const { result: shared } = await execute("pair", "who_serves");
    const own = await Promise.all([1, 2].map(() => execute("pair", "who_serves", [], { freshReplica: true })));
    const pids = own.map(({ result }) => result);
    expect(new Set([...pids, shared]).size).toBe(3);
    expect(own.flatMap(({ attempts }) => attempts)).toMatchObject([{ cold: true }, { cold: true }]);
    const ended = async (): Promise<readonly (readonly [string, ReplicaState])[]> => {
      const { replicas } = await dev.environments.listReplicas({ environment: "pair" });
      return replicas.filter(({ pool }) => pool === "pair/fresh").map(({ endCause, state }) => [endCause, state]);
    };
    const once = ["SINGLE_USE", ReplicaState.ENDED];
    await expect.poll(ended, { timeout: 10_000, interval: 20 }).toEqual([once, once]);
  });
});

describe("an affinity key", () => {
  test("brings executions to the same process, while those without go to the others too", async () => {
    await dev.environments.warmEnvironment({ name: "pair" });
    await using watch = await watchPools(dev, "pair");
    const ready = (): number => replicasOf(watch).filter(({ state }) => state === ReplicaState.READY).length;
    await expect.poll(ready, { timeout: 20_000, interval: 20 }).toBe(2);
    const served = async (keys: readonly string[]): Promise<ReadonlySet<unknown>> => {
      const ended = await Promise.all(keys.map((affinityKey) => execute("pair", "who_serves", [], { affinityKey })));
      return new Set(ended.map(({ result }) => result));
    };
    const keyed = [await served(["user-1"]), await served(["user-1", "user-1", "user-1"])];
    expect(keyed[1]).toEqual(keyed[0]);
    expect((await served(Array.from({ length: 8 }, (_, index) => `user-${index}`))).size).toBe(2);
  });
});

describe("recycling after five executions", () => {
  test("replaces the replica while it goes on serving, and no execution waits for a start", async () => {
    const first = await execute("recycled", "whoami");
    await using watch = await watchPools(dev, "recycled");
    const pids = new Set([first.result]);
    const served: Attempt[] = [];
    const serve = async (): Promise<number> => {
      const { result, attempts } = await execute("recycled", "whoami");
      pids.add(result);
      served.push(...attempts);
      return pids.size;
    };
    await expect.poll(serve, { timeout: 20_000, interval: 50 }).toBe(3);
    expect(served.filter(({ cold }) => cold)).toEqual([]);
    const { replicas } = await dev.environments.listReplicas({ environment: "recycled" });
    const replaced = replicas.filter(({ endCause }) => endCause === "RECYCLED");
    expect(replaced.length).toBeGreaterThan(0);
    for (const { endReason } of replaced) expect(endReason).toMatch(/^it took \d+ executions \(recycling\)$/);
    expect(replicas.map(({ startCause }) => startCause)).toContain("RECYCLING");
    for (const { pools } of watch.states) {
      const live = pools[0]?.replicas.filter(({ state }) => state !== ReplicaState.DRAINING) ?? [];
      expect(live.length).toBeLessThanOrEqual(2);
    }
  });
});

describe("a task that holds more memory than its environment has", () => {
  test("ends with OUT_OF_MEMORY, its neighbours with their results, and the same replica serves on", async () => {
    const { result } = await execute("small", "rest", [0]);
    const resting = execute("small", "rest", [1]);
    const hoarding = execute("small", "hoard", [400]);
    expect(await resting).toMatchObject({ outcome: "succeeded" });
    const { outcome, failure, attempts } = await hoarding;
    expect([outcome, failure?.reason]).toEqual(["lost", "OUT_OF_MEMORY"]);
    // It was not alone at first, so that nobody was to blame; alone it was.
    expect(attempts.length).toBeGreaterThanOrEqual(2);
    expect(attempts.every(({ failure: why }) => why?.reason === "OUT_OF_MEMORY")).toBe(true);
    const { replicas } = await dev.environments.listReplicas({ environment: "small" });
    const shared = replicas.filter(({ pool }) => pool === "small");
    expect(shared.map(({ state }) => state)).toEqual([ReplicaState.READY]);
    expect((await execute("small", "rest", [0])).result).not.toBe(result);
  });
});
