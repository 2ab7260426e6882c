import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ReplicaState, type Replica } from "@hearth/proto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startDev, type Dev } from "./support/dev.ts";
import { readEnd, request } from "./support/execute.ts";
import { deploy, programFile } from "./support/programs.ts";
import { watchPools } from "./support/watch-pools.ts";

let dev: Dev;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "hearth-simulate-"));
  dev = await startDev();
  await deploy(dev, programFile("bursts.py"), "nothing");
});
afterAll(async () => {
  await dev[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

/** What both the system and its simulation are asked for. */
interface Outcome {
  readonly executions: number;
  readonly cold: number;
  readonly replicasMax: number;
  readonly starts: number;
  readonly ends: Readonly<Record<string, number>>;
}

const napSeconds = 1;

/**
 * What comes of bursts, each of which comes when all of the one before it have ended. Returns once so many replicas are left.
 */
async function runForReal(
  environment: string,
  task: string,
  bursts: readonly number[],
  left: number,
): Promise<Outcome> {
  await using watch = await watchPools(dev, environment);
  const execute = async (): Promise<boolean> => {
    const { end } = await dev.executions.execute({ execution: request(environment, task, [napSeconds]) });
    const { execution } = await dev.executions.getExecution({ executionId: readEnd(end).id });
    return execution?.attempts[0]?.cold ?? false;
  };
  const colds: boolean[] = [];
  for (const burst of bursts) colds.push(...(await Promise.all(Array.from({ length: burst }, execute))));
  const live = (replicas: readonly Replica[]): number =>
    replicas.filter(({ state }) => state !== ReplicaState.ENDED).length;
  const liveNow = (): number => live(watch.latest.flatMap(({ replicas }) => replicas));
  await expect.poll(liveNow, { timeout: 30_000, interval: 50 }).toBe(left);
  const { replicas } = await dev.environments.listReplicas({ environment });
  const ended = replicas.filter(({ state }) => state === ReplicaState.ENDED);
  return {
    executions: colds.length,
    cold: colds.filter((cold) => cold).length,
    replicasMax: Math.max(...watch.states.map(({ pools }) => live(pools.flatMap((pool) => pool.replicas)))),
    starts: replicas.length,
    ends: countBy(ended.map(({ endCause }) => endCause)),
  };
}

/** What the simulation of the same bursts says, under the policy as it is deployed. */
async function simulate(
  environment: string,
  bursts: readonly (readonly [atMs: number, count: number])[],
): Promise<Outcome> {
  const trace = join(folder, `${environment}.csv`);
  const rows = bursts.flatMap(([atMs, count]) => Array.from({ length: count }, () => `${atMs},${napSeconds * 1_000}`));
  writeFileSync(trace, ["arrival_ms,duration_ms", ...rows].join("\n"));
  const args = ["simulate", "--environment", environment, "--trace", trace, "--start-up", "700ms", "--until-asleep"];
  const { policies } = (await dev.json(...args)) as {
    policies: { name: string; figures: Outcome & { starts: Record<string, number> } }[];
  };
  expect(policies).toHaveLength(1);
  const { executions, cold, replicasMax, starts, ends } = policies[0]!.figures;
  return { executions, cold, replicasMax, starts: Object.values(starts).reduce((sum, count) => sum + count, 0), ends };
}

function countBy(causes: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const cause of causes) counts[cause] = (counts[cause] ?? 0) + 1;
  return counts;
}

test("where a pool may grow, as many replicas start, as many executions are cold and replicas end as foretold", async () => {
  const simulated = await simulate("growing", [
    [0, 8],
    [2_500, 4],
  ]);
  expect(simulated).toEqual({
    ...{ executions: 12, cold: 8, replicasMax: 4, starts: 4 },
    ends: { SCALEDOWN_TTL: 3, IDLE_TTL: 1 },
  });
  expect(await runForReal("growing", "nap", [8, 4], 0)).toEqual(simulated);
});

test("where a pool is at its maximum, executions wait for each other as foretold", async () => {
  const simulated = await simulate("bounded", [[0, 6]]);
  expect(simulated).toEqual({
    ...{ executions: 6, cold: 6, replicasMax: 2, starts: 2 },
    ends: { SCALEDOWN_TTL: 2 },
  });
  expect(await runForReal("bounded", "doze", [6], 0)).toEqual(simulated);
});
