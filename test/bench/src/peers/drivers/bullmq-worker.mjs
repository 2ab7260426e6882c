import { Worker } from "bullmq";

const connection = { host: "127.0.0.1", port: Number(process.env["REDIS_PORT"]) };
const worker = new Worker("noop", async () => null, { connection, concurrency: 512 });
await worker.waitUntilReady();
process.send("ready");
process.on("disconnect", () => process.exit(0));
