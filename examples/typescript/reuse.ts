/** Ten calls, one after another, served by two warm replicas. */
import { Image, initFromConfig, Resources, ReusePolicy, run, TaskEnvironment } from "@hearth/sdk";

const environment = new TaskEnvironment({
  name: "reusable-env-node",
  resources: new Resources({ memory: "1Gi", cpu: "500m" }),
  reusable: new ReusePolicy({ replicas: 2, concurrency: 1, scaledownTtl: { minutes: 10 }, idleTtl: { hours: 1 } }),
  image: Image.fromDebianBase().withPipPackages("unionai-reuse>=0.1.10"),
});

export const computeTask = environment.task("compute_task", (x: number) => x * x);

export const main = environment.task("main", async () => {
  const results: number[] = [];
  for (let x = 0; x < 10; x += 1) results.push(await computeTask(x));
  return results;
});

if (import.meta.main) {
  initFromConfig();
  const started = await run(main);
  console.log(started.name);
  console.log(started.url);
  await started.wait();
  console.log(await started.outputs());
}
