/** Five hundred calls at once, a hundred in each replica. */
import { Image, initFromConfig, map, Resources, ReusePolicy, run, TaskEnvironment } from "@hearth/sdk";

const environment = new TaskEnvironment({
  name: "reuse-concurrency-node",
  resources: new Resources({ cpu: 1, memory: "1Gi" }),
  reusable: new ReusePolicy({ replicas: 2, idleTtl: 60, concurrency: 100, scaledownTtl: 60 }),
  image: Image.fromDebianBase().withPipPackages("unionai-reuse>=0.1.10"),
});

export const noop = environment.task("noop", (x: number) => x);

export const main = environment.task("main", async (n: number = 50) => {
  const results = await map(noop, Array.from({ length: n }).keys());
  return results.reduce((sum, x) => sum + x, 0);
});

if (import.meta.main) {
  initFromConfig();
  const started = await run(main, 500);
  console.log(started.name);
  console.log(started.url);
  await started.wait();
  console.log(await started.outputs());
}
