import { cpSync } from "node:fs";
import { join } from "node:path";
import { folderWith } from "./install.ts";
import type { PeerDefinition } from "./peer.ts";
import { redisDurability, startRedis } from "./redis.ts";

const drivers = join(import.meta.dirname, "drivers");
const files = ["bullmq-driver.mjs", "bullmq-usages.mjs", "bullmq-worker.mjs"];

/** What BullMQ can do at most, as far as known. The targets speak of it. */
export const bullmq = define({
  name: "BullMQ",
  usage: "fastest",
  removal: "removeOnComplete",
  way: "jobs of one tick are added with addBulk, ends come by QueueEvents",
});

/** What BullMQ does for who uses it as its documentation shows. Only shown: no target speaks of it. */
export const bullmqAsDocumented = define({
  name: "BullMQ as documented",
  usage: "documented",
  removal: "removeOnComplete of 1,000",
  way: "queue.add for each job, then job.waitUntilFinished(queueEvents)",
});

/** `usage` is the driver's name for what `removal` and `way` say in words. */
function define({
  name,
  usage,
  removal,
  way,
}: Readonly<Record<"name" | "usage" | "removal" | "way", string>>): PeerDefinition {
  return {
    name,
    settings: `one worker process, concurrency 512, ${removal}, drainDelay of an hour; ${way}`,
    durability: redisDurability,
    async install() {
      const folder = await folderWith("bullmq", ["bullmq@6.7.0", "ioredis@5.9.0"]);
      // Beside its node_modules, where its imports are found.
      for (const file of files) cpSync(join(drivers, file), join(folder, file));
      const server = await startRedis();
      const command = [process.execPath, join(folder, "bullmq-driver.mjs"), usage];
      return { command, variables: { REDIS_PORT: String(server.port) }, server };
    },
  };
}
