/** Twenty megabytes go to a task, on to another one, and back. */
import { initFromConfig, ReusePolicy, run, TaskEnvironment } from "@hearth/sdk";

const environment = new TaskEnvironment({
  name: "large-payloads-node",
  reusable: new ReusePolicy({ replicas: 1, concurrency: 2, idleTtl: 60 }),
});

export const shout = environment.task("shout", (text: string) => text.toUpperCase());

export const main = environment.task("main", (text: string) => shout(text));

if (import.meta.main) {
  initFromConfig();
  const started = await run(main, "warm ".repeat(4_000_000));
  console.log(started.name);
  const result = await started.outputs();
  console.log(result.length, result.slice(0, 4));
}
