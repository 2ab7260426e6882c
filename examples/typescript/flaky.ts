/** A task that fails twice and succeeds with its third attempt. */
import { current, initFromConfig, ReusePolicy, run, TaskEnvironment } from "@hearth/sdk";

class Unreachable extends Error {}

const environment = new TaskEnvironment({ name: "flaky-node", reusable: new ReusePolicy({ replicas: 1 }) });

export const fetchCity = environment.task(
  "fetch",
  (city: string) => {
    const attempt = current()?.attempt ?? 0;
    if (attempt < 3) throw new Unreachable(`attempt ${attempt} found nobody`);
    return `${city}, with attempt ${attempt}`;
  },
  { retries: { count: 3, backoff: 0.2, on: ["Unreachable"] }, timeout: 30 },
);

if (import.meta.main) {
  initFromConfig();
  const started = await run(fetchCity.override({ deadline: { minutes: 5 } }), "Bergen");
  console.log(started.name);
  console.log(started.url);
  console.log(await started.outputs());
}
