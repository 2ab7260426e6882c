import { Worker } from "bullmq";

const connection = { host: "127.0.0.1", port: Number(process.env["REDIS_PORT"]) };
// An idle worker mistrusts a connection on which it has waited for longer than that, as it has after standing still.
const drainDelay = 3_600;
const worker = new Worker("noop", async () => null, { connection, concurrency: 512, drainDelay });
await worker.waitUntilReady();
process.send("ready");
process.on("disconnect", () => process.exit(0));
