import { Outcome, ReplicaState, type Replica } from "@hearth/proto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startDev, type Dev } from "./support/dev.ts";
import { execute, request } from "./support/execute.ts";
import { deploy, languages } from "./support/programs.ts";

let dev: Dev;
beforeAll(async () => {
  dev = await startDev({ variables: { HEARTH_CANCEL_GRACE_MS: "500" } });
  for (const { file } of languages) await deploy(dev, file);
});
afterAll(() => dev[Symbol.asyncDispose]());

/** The replicas of an environment as the control plane sees them now. */
async function replicas(environment: string): Promise<readonly Replica[]> {
  for await (const { pools } of dev.environments.watchPool({ name: environment })) {
    return pools.flatMap((pool) => pool.replicas);
  }
  return [];
}

/** Collects every state of an environment's replicas from now until it is stopped. */
function watchReplicas(environment: string): { stop(): Promise<readonly Replica[]> } {
  const seen: Replica[] = [];
  const leaving = new AbortController();
  const collect = async (): Promise<void> => {
    const states = dev.environments.watchPool({ name: environment }, { signal: leaving.signal });
    for await (const { pools } of states) seen.push(...pools.flatMap((pool) => pool.replicas));
  };
  const collected = collect().catch((error: unknown) => {
    if (!leaving.signal.aborted) throw error;
  });
  return {
    async stop() {
      leaving.abort();
      await collected;
      return seen;
    },
  };
}

/** Submits an execution and waits until a runner has begun with it. */
async function startExecution(...what: Parameters<typeof request>): Promise<string> {
  const { executionId } = await dev.executions.submit({ execution: request(...what) });
  const busy = async (): Promise<number> =>
    (await replicas(what[0])).reduce((sum, { busySlots }) => sum + busySlots, 0);
  await expect.poll(busy, { timeout: 20_000 }).toBeGreaterThan(0);
  return executionId;
}

async function endOf(executionId: string): Promise<{ readonly outcome: Outcome; readonly reason: string }> {
  for await (const { execution } of dev.executions.watchExecution({ executionId })) {
    if (execution === undefined || execution.endedUnixMs === 0) continue;
    return { outcome: execution.attempts.at(-1)!.outcome, reason: execution.failure?.reason ?? "" };
  }
  throw new Error("The watch ended before the execution.");
}

describe.each(languages)("$language", ({ environment }) => {
  test("a killed runner fails its executions with RUNNER_CRASHED, and the same agent serves on with a new one", async () => {
    const before = (await execute(dev, environment, "whoami")).result as { pid: number };
    const [replica] = await replicas(environment);
    const hanging = await startExecution(environment, "hang");
    process.kill(before.pid, "SIGKILL");
    expect(await endOf(hanging)).toMatchObject({ reason: "RUNNER_CRASHED" });
    const after = (await execute(dev, environment, "whoami")).result as { pid: number; calls: number };
    expect(after).toMatchObject({ calls: 1 });
    expect(after.pid).not.toBe(before.pid);
    expect((await replicas(environment)).map(({ id, agentPid }) => [id, agentPid])).toEqual([
      [replica!.id, replica!.agentPid],
    ]);
  });

  test("a task that lets nothing else run in its process does not cost the replica its heartbeats", async () => {
    const { pid } = (await execute(dev, environment, "whoami")).result as { pid: number };
    const watch = watchReplicas(environment);
    // Longer than the five seconds after which a silent replica counts as lost.
    const { id, ...ended } = await execute(dev, environment, "spin", [7_000]);
    expect(ended).toMatchObject({ outcome: "succeeded", result: pid });
    const seen = await watch.stop();
    expect(seen.map(({ busySlots }) => busySlots)).toContain(1);
    expect(new Set(seen.map(({ state }) => ReplicaState[state]))).toEqual(new Set(["READY"]));
    const { execution } = await dev.executions.getExecution({ executionId: id });
    expect(execution!.attempts).toHaveLength(1);
  });

  test("a cancelled execution ends as cancelled, and its runner serves on", async () => {
    const { pid } = (await execute(dev, environment, "whoami")).result as { pid: number };
    const hanging = await startExecution(environment, "hang");
    await dev.executions.cancelExecution({ executionId: hanging });
    expect(await endOf(hanging)).toMatchObject({ outcome: Outcome.CANCELLED });
    expect((await execute(dev, environment, "whoami")).result).toMatchObject({ pid });
  });

  test("an execution that ignores its cancellation is given up, and another runner serves on", async () => {
    const { pid } = (await execute(dev, environment, "whoami")).result as { pid: number };
    const stubborn = await startExecution(environment, "stubborn");
    await dev.executions.cancelExecution({ executionId: stubborn });
    expect(await endOf(stubborn)).toMatchObject({ outcome: Outcome.CANCELLED, reason: "CANCELLED" });
    const next = (await execute(dev, environment, "whoami")).result as { pid: number };
    expect(next.pid).not.toBe(pid);
  });
});
