/** Adds jobs and hears of their ends, in the way that its argument names. One line of JSON in, one out: {inFlight, warmUpMs, measureMs} for a measurement. */
import { Queue, QueueEvents } from "bullmq";
import { fork } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { usages } from "./bullmq-usages.mjs";

const connection = { host: "127.0.0.1", port: Number(process.env["REDIS_PORT"]) };
const { removeOnComplete, sender } = usages[process.argv[2]];
const queue = new Queue("noop", { connection, defaultJobOptions: { removeOnComplete } });
const events = new QueueEvents("noop", { connection });
const worker = fork(join(import.meta.dirname, "bullmq-worker.mjs"));
await once(worker, "message");
await Promise.all([queue.waitUntilReady(), events.waitUntilReady()]);

const send = sender(queue, events);

process.on("SIGTERM", () => {
  worker.kill();
  process.exit(0);
});
const file = join(import.meta.dirname, "node_modules", "bullmq", "package.json");
say({ version: JSON.parse(readFileSync(file, "utf8")).version });
for await (const line of createInterface({ input: process.stdin })) say(await measure(JSON.parse(line)));

async function measure({ inFlight, warmUpMs, measureMs }) {
  const latenciesMs = [];
  const from = performance.now() + warmUpMs;
  const until = from + measureMs;
  let lastAt = from;
  const chain = () =>
    new Promise((resolve) => {
      const next = () => {
        const sentAt = performance.now();
        if (sentAt >= until) return resolve();
        send(() => {
          const now = performance.now();
          if (now >= from && now < until) {
            latenciesMs.push(now - sentAt);
            lastAt = now;
          }
          next();
        });
      };
      next();
    });
  await Promise.all(Array.from({ length: inFlight }, chain));
  return { latenciesMs, perSecond: (latenciesMs.length / (lastAt - from)) * 1_000 };
}

function say(line) {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
