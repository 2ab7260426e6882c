import {
  ExecuteStreamRequestSchema,
  ExecutionRequestSchema,
  ExecutionService,
  Outcome,
  type ExecutionEnd,
} from "@hearth/proto";
import { create } from "@bufbuild/protobuf";
import { newId } from "@hearth/ids";
import { createClient, FrameOutbox, openChannel } from "@hearth/rpc";
import { expect, test } from "vitest";
import { startDev, type Dev } from "./support/dev.ts";
import { request } from "./support/execute.ts";
import { deploy, programFile } from "./support/programs.ts";
import { watchPools } from "./support/watch-pools.ts";

const executionsPerRouter = 5_000;
const longTest = { timeout: 180_000 };

test(
  "10,000 executions over two routers end once each with their results while replicas are killed",
  longTest,
  async () => {
    await using dev = await startDev({ args: ["--routers", "2"] });
    await deploy(dev, programFile("crowd.py"), "mirror");
    await using watch = await watchPools(dev, "crowd");
    using killing = killReplicasOf(() =>
      watch.latest.flatMap(({ replicas }) => replicas.map(({ agentPid }) => agentPid)),
    );

    const ends = await Promise.all(dev.addresses.routers.map((router, index) => runMany(router, index)));

    const all = ends.flat();
    expect(killing.killed).toBeGreaterThan(2);
    expect(new Set(all.map(({ executionId }) => executionId)).size).toBe(all.length);
    expect(all.length).toBe(2 * executionsPerRouter);
    const failed = all.filter(({ outcome }) => outcome !== Outcome.SUCCEEDED);
    expect(failed.map(({ failure }) => failure?.message)).toEqual([]);
    // Every attempt says how many of its process's slots were taken when it began.
    const taken = all.map(
      ({ result }) => (JSON.parse(new TextDecoder().decode(result?.inline)) as { taken: number }).taken,
    );
    expect(Math.max(...taken)).toBeLessThanOrEqual(8);
    await expectHistoryToSettle(dev, 2 * executionsPerRouter);
  },
);

/** Runs executions over one router's stream and gives their ends. */
async function runMany(router: string, index: number): Promise<readonly ExecutionEnd[]> {
  const channel = openChannel(router);
  const requests = new FrameOutbox(() => create(ExecuteStreamRequestSchema));
  const ends: ExecutionEnd[] = [];
  const now = Date.now();
  for (let number = 0; number < executionsPerRouter; number++) {
    const value = index * executionsPerRouter + number;
    const execution = { ...request("crowd", "mirror", [value]), executionId: newId(now) };
    requests.frame().executions.push(create(ExecutionRequestSchema, execution));
  }
  requests.end();
  for await (const frame of createClient(ExecutionService, channel).executeStream(requests)) {
    expect(frame.rejections).toEqual([]);
    ends.push(...frame.ends);
  }
  channel.close();
  return ends;
}

/** Kills one agent after the other, with whatever runs in it, until it is disposed of. */
function killReplicasOf(agentPids: () => readonly number[]): Disposable & { readonly killed: number } {
  const state = { killed: 0, turn: 0 };
  const timer = setInterval(() => {
    const pids = agentPids().filter((pid) => pid !== 0);
    const pid = pids[state.turn++ % Math.max(1, pids.length)];
    if (pid === undefined) return;
    try {
      process.kill(pid, "SIGKILL");
      state.killed += 1;
    } catch {
      // It went by itself meanwhile.
    }
  }, 500);
  return {
    get killed() {
      return state.killed;
    },
    [Symbol.dispose]: () => clearInterval(timer),
  };
}

/** The history has every execution once, and none that has not ended. */
async function expectHistoryToSettle(dev: Dev, count: number): Promise<void> {
  const counts = async (): Promise<number> => {
    let [token, ended] = ["", 0];
    do {
      const page = await dev.runs.listRuns({ environment: "crowd", pageSize: 1_000, pageToken: token });
      ended += page.runs.filter(({ endedAt }) => endedAt !== undefined).length;
      token = page.nextPageToken;
    } while (token !== "");
    return ended;
  };
  // The deployment's own run is one more.
  await expect.poll(counts, { timeout: 60_000, interval: 500 }).toBe(count + 1);
}
