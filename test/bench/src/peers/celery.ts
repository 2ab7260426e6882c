import { join } from "node:path";
import { pythonWith } from "./install.ts";
import type { PeerDefinition } from "./peer.ts";
import { redisDurability, startRedis } from "./redis.ts";

export const celery: PeerDefinition = {
  name: "Celery",
  settings:
    "prefork worker of 2 processes, prefetch multiplier 128, Redis as broker and result backend; no rate limits, gossip, " +
    "mingle, heartbeats or health checks",
  durability: redisDurability,
  async install() {
    const python = await pythonWith("celery", ["celery==5.7.0", "redis==7.4.0", "packaging==25.0"]);
    const server = await startRedis();
    return {
      command: [python, join(import.meta.dirname, "drivers", "celery_driver.py")],
      variables: { REDIS_PORT: String(server.port) },
      server,
    };
  },
};
