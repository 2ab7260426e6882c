/** A model that takes about a second to load, loaded once for each replica and used by every execution in it. */
import { initFromConfig, map, ReusePolicy, run, TaskEnvironment } from "@hearth/sdk";

const environment = new TaskEnvironment({
  name: "warm-model-node",
  reusable: new ReusePolicy({ replicas: 1, concurrency: 1, scaledownTtl: 60, idleTtl: 60 }),
});

interface Model {
  readonly smallestFactor: Uint32Array;
}

let model: Model | undefined;
let loads = 0;

/** Sieves the smallest prime factor of every number up to forty million: real work, and worth keeping. */
function load(): Model {
  const size = 40_000_000;
  const smallestFactor = new Uint32Array(size + 1);
  for (let factor = 2; factor <= size; factor += 1) {
    if (smallestFactor[factor] !== 0) continue;
    for (let multiple = factor; multiple <= size; multiple += factor) {
      if (smallestFactor[multiple] === 0) smallestFactor[multiple] = factor;
    }
  }
  loads += 1;
  return { smallestFactor };
}

/** The prime factors of a number from 1 to forty million, how long that took, and how often this replica has loaded. */
export const factorize = environment.task("factorize", (n: number) => {
  const startedAt = performance.now();
  model ??= load();
  const factors: number[] = [];
  for (let rest = n; rest > 1;) {
    const factor = model.smallestFactor[rest] ?? rest;
    factors.push(factor);
    rest /= factor;
  }
  return { factors, tookMs: performance.now() - startedAt, loads };
});

export const main = environment.task("main", async (executions: number = 50) => {
  const [first, ...others] = await map(
    factorize,
    Array.from({ length: executions }, (_, index) => 39_999_999 - index),
    { concurrency: 1 },
  );
  const warmMs = others.map(({ tookMs }) => tookMs).sort((a, b) => a - b);
  const highestLoads = Math.max(first?.loads ?? 0, ...others.map((answer) => answer.loads));
  return { executions, loads: highestLoads, coldMs: first?.tookMs ?? 0, warmMs: warmMs[warmMs.length >> 1] ?? 0 };
});

if (import.meta.main) {
  initFromConfig();
  const started = await run(main, 50);
  console.log(started.name);
  console.log(started.url);
  const { executions, loads: loaded, coldMs, warmMs } = await started.outputs();
  console.log(`${loaded} loads for ${executions} executions`);
  console.log(`cold ${coldMs.toFixed(0)} ms, warm ${warmMs.toFixed(3)} ms (median)`);
}
