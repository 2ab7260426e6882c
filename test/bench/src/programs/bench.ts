/** What is measured in a Node runner. */
import { map, ReusePolicy, TaskEnvironment } from "@hearth/sdk";

/** One replica with room for all that is in flight. */
const wide = new TaskEnvironment({
  name: "bench-node",
  reusable: new ReusePolicy({ replicas: 1, concurrency: 512, idleTtl: 86_400 }),
});

export const noop = wide.task("noop", (value: unknown = null) => value);

/** As examples/typescript/reuse_concurrency.ts has it. */
const gathering = new TaskEnvironment({
  name: "bench-gather-node",
  reusable: new ReusePolicy({ replicas: 2, concurrency: 100, idleTtl: 86_400 }),
});

export const child = gathering.task("child", (x: number) => x);

export const gather = gathering.task("gather", async (children: number = 1) => {
  const results = await map(child, Array.from({ length: children }).keys());
  return results.reduce((sum, x) => sum + x, 0);
});

/** Gone a second after its last execution. */
const cold = new TaskEnvironment({
  name: "bench-cold-node",
  reusable: new ReusePolicy({ replicas: [0, 1], concurrency: 1, idleTtl: 1, scaledownTtl: 1 }),
});

export const first = cold.task("first", () => null);

/** Never has a replica while the control plane is away. */
const crowded = new TaskEnvironment({
  name: "bench-crowded",
  reusable: new ReusePolicy({ replicas: [0, 1], concurrency: 1, idleTtl: 1, scaledownTtl: 1 }),
});

export const wait = crowded.task("wait", () => null);
