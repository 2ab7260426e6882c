import { join } from "node:path";
import { pythonWith } from "./install.ts";
import type { PeerDefinition } from "./peer.ts";

export const dask: PeerDefinition = {
  name: "Dask",
  settings:
    "LocalCluster of 2 worker processes with 1 thread each, no worker-ttl; client.map of 512 impure calls, then gather",
  durability: "none: tasks live in the scheduler's memory",
  async install() {
    const python = await pythonWith("dask", ["distributed==2026.8.0"]);
    return {
      command: [python, join(import.meta.dirname, "drivers", "dask_driver.py")],
      // Workers that stood still for a while are not lost.
      variables: { DASK_DISTRIBUTED__SCHEDULER__WORKER_TTL: "None" },
    };
  },
};
