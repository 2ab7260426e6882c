import { appendFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { current, reference, ReusePolicy, TaskEnvironment } from "@hearth/sdk";

const limits = new TaskEnvironment({
  name: "limits-ts",
  reusable: new ReusePolicy({ replicas: 1, concurrency: 8, idleTtl: 300 }),
});
const single = new TaskEnvironment({
  name: "single-ts",
  reusable: new ReusePolicy({ replicas: 1, concurrency: 1, idleTtl: 300 }),
});

class ConnectionError extends Error {}

const retries = { count: 3, backoff: 0.05, factor: 3, on: [ConnectionError] };
let asked = 0;

const sleep = (): Promise<void> => delay(600_000, undefined, { signal: current()!.signal });

/** Fails so many times with what its policy names; the number of the attempt that does not. */
export const fetchCity = limits.task(
  "fetch",
  (failures: number) => {
    const { attempt } = current()!;
    if (attempt <= failures) throw new ConnectionError(`attempt ${attempt} found nobody`);
    return attempt;
  },
  { retries },
);

/** Fails with what its policy does not name. */
export const giveUp = limits.task(
  "give_up",
  () => {
    throw new RangeError("no such city");
  },
  { retries },
);

/** The first attempt takes too long, and the second so many seconds. */
export const dawdle = limits.task(
  "dawdle",
  (seconds: number) => (current()!.attempt === 1 ? sleep() : delay(1_000 * seconds)),
  { retries: 1, timeout: 0.3 },
);

/** Has the only slot until it is cancelled. */
export const hold = single.task("hold", sleep);

export const impatient = single.task("impatient", () => undefined, { queueTimeout: 0.3 });

/** When it has to end, in milliseconds since 1970, and so for every level of calls below it. */
export const deadlines = limits.task("deadlines", async (levels: number): Promise<number[]> => {
  const own = current()!.deadline!.getTime();
  return levels === 0 ? [own] : [own, ...(await deadlines(levels - 1))];
});

/** Waits for a call that waits for a call, and the last one does not end. */
export const sink = limits.task("sink", async (levels: number): Promise<void> => {
  if (levels > 0) await sink(levels - 1);
  await sleep();
});

/** How often it was run. */
export const count = limits.task("count", () => ++asked);

/** Two calls with one key, and one with another. */
export const countWithKey = limits.task("count_with_key", async (key: string) => {
  const counts: number[] = [];
  for (const idempotencyKey of [key, key, `other ${key}`]) counts.push(await count.override({ idempotencyKey })());
  return counts;
});

/** Notes that it began, and that it was told to end. */
export const awaitCancellation = limits.task("await_cancellation", async (notes: string) => {
  appendFileSync(notes, "typescript began\n");
  const { signal } = current()!;
  await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
  appendFileSync(notes, "typescript cancelled\n");
  signal.throwIfAborted();
});

/** Waits for a call to the other language. */
export const callOther = limits.task("call_other", async (notes: string) => {
  await reference<(notes: string) => void>("limits-py", "await_cancellation")(notes);
});
