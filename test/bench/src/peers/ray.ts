import { join } from "node:path";
import { pythonWith } from "./install.ts";
import type { PeerDefinition } from "./peer.ts";

/** Nodes and connections that stood still for a while are not lost. */
const patience = {
  RAY_health_check_failure_threshold: "1000000",
  RAY_grpc_keepalive_timeout_ms: "3600000",
  RAY_grpc_client_keepalive_timeout_ms: "3600000",
};

export const ray: PeerDefinition = {
  name: "Ray async actor",
  settings:
    "one asyncio actor, max_concurrency 1000, on a local cluster of 2 CPUs whose health checks give nothing up; 512 in " +
    "flight as Ray's own microbenchmark does: that many calls, then ray.get of all",
  durability: "none: calls live in memory, and end with the driver",
  async install() {
    const python = await pythonWith("ray", ["ray==2.60.0"]);
    return {
      command: [python, join(import.meta.dirname, "drivers", "ray_driver.py")],
      variables: { RAY_USAGE_STATS_ENABLED: "0", RAY_DEDUP_LOGS: "0", ...patience },
    };
  },
};
