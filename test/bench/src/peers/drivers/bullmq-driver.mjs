/** Adds jobs and hears of their ends. One line of JSON in, one out: {inFlight, warmUpMs, measureMs} for a measurement. */
import { Queue, QueueEvents } from "bullmq";
import { fork } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";

const connection = { host: "127.0.0.1", port: Number(process.env["REDIS_PORT"]) };
const queue = new Queue("noop", { connection, defaultJobOptions: { removeOnComplete: true } });
const events = new QueueEvents("noop", { connection });
const worker = fork(join(import.meta.dirname, "bullmq-worker.mjs"));
await once(worker, "message");
await Promise.all([queue.waitUntilReady(), events.waitUntilReady()]);

const waiting = new Map();
events.on("completed", ({ jobId }) => {
  const ended = waiting.get(jobId);
  waiting.delete(jobId);
  ended?.();
});

let [jobs, adding] = [0, []];
const send = (ended) => {
  const jobId = `job-${++jobs}`;
  waiting.set(jobId, ended);
  if (adding.push({ name: "noop", data: { args: [] }, opts: { jobId } }) > 1) return;
  setImmediate(() => {
    const added = adding;
    adding = [];
    void (added.length === 1 ? queue.add("noop", added[0].data, added[0].opts) : queue.addBulk(added));
  });
};

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
