import { join } from "node:path";
import { pythonWith } from "./install.ts";
import type { PeerDefinition } from "./peer.ts";

export const ray: PeerDefinition = {
  name: "Ray async actor",
  settings:
    "one asyncio actor, max_concurrency 1000, on a local cluster of 2 CPUs; 512 in flight as Ray's own microbenchmark " +
    "does: that many calls, then ray.get of all",
  durability: "none: calls live in memory, and end with the driver",
  async install() {
    const python = await pythonWith("ray", ["ray==2.60.0"]);
    return {
      command: [python, join(import.meta.dirname, "drivers", "ray_driver.py")],
      variables: { RAY_USAGE_STATS_ENABLED: "0", RAY_DEDUP_LOGS: "0" },
    };
  },
};
