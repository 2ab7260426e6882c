import { cpSync } from "node:fs";
import { join } from "node:path";
import { folderWith } from "./install.ts";
import type { PeerDefinition } from "./peer.ts";
import { redisDurability, startRedis } from "./redis.ts";

const drivers = join(import.meta.dirname, "drivers");

export const bullmq: PeerDefinition = {
  name: "BullMQ",
  settings:
    "one worker process, concurrency 512, removeOnComplete, drainDelay of an hour; jobs of one tick are added with addBulk, " +
    "ends come by QueueEvents",
  durability: redisDurability,
  async install() {
    const folder = await folderWith("bullmq", ["bullmq@6.7.0", "ioredis@5.9.0"]);
    // Beside its node_modules, where its imports are found.
    for (const name of ["bullmq-driver.mjs", "bullmq-worker.mjs"]) cpSync(join(drivers, name), join(folder, name));
    const server = await startRedis();
    const command = [process.execPath, join(folder, "bullmq-driver.mjs")];
    return { command, variables: { REDIS_PORT: String(server.port) }, server };
  },
};
