import { setTimeout as delay } from "node:timers/promises";
import type { Send } from "./client.ts";
import type { Effort } from "./part.ts";
import { percentile } from "./statistics.ts";

/** One measurement. */
export interface Sample {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly perSecond: number;
}

/**
 * Keeps `inFlight` executions on their way for as long as the effort says: whoever is answered sends the next. Throws
 * when one does not succeed.
 */
export async function measureClosedLoop(
  send: Send,
  inFlight: number,
  { warmUpMs, measureMs }: Pick<Effort, "warmUpMs" | "measureMs">,
): Promise<Sample> {
  const latencies: number[] = [];
  const from = performance.now() + warmUpMs;
  const until = from + measureMs;
  let lastAt = from;
  await Promise.all(Array.from({ length: inFlight }, () => chain()));
  return {
    p50Ms: percentile(latencies, 0.5),
    p99Ms: percentile(latencies, 0.99),
    perSecond: (latencies.length / (lastAt - from)) * 1_000,
  };

  function chain(): Promise<void> {
    return new Promise((resolve, reject) => {
      const next = (sentAt: number): void => {
        if (sentAt >= until) return resolve();
        send((problem) => {
          if (problem !== undefined) return reject(new Error(`An execution ended with ${problem}.`));
          const now = performance.now();
          if (now >= from && now < until) {
            latencies.push(now - sentAt);
            lastAt = now;
          }
          next(now);
        });
      };
      next(performance.now());
    });
  }
}

/**
 * What everything that is measured does before the first round, uncounted: V8 compiles code for good once it has run some ten
 * thousand times, and finds out which that is by and by. With 512 in flight a slow machine comes to its full pace after eight seconds, and
 * with one in flight, or large ones, any does.
 */
export function warming({ measureMs }: Pick<Effort, "measureMs">): { warmUpMs: 0; measureMs: number } {
  return { warmUpMs: 0, measureMs: 6 * measureMs };
}

/** Measures the one and the other, in every second turn the other first: who goes second finds everything warmer. */
export async function inTurns<T, M>(
  turn: number,
  [one, other]: readonly [T, T],
  measure: (what: T) => Promise<M>,
): Promise<readonly [M, M]> {
  if (turn % 2 === 0) return [await measure(one), await measure(other)];
  const second = await measure(other);
  return [await measure(one), second];
}

/** What came of an offered load. */
export interface OfferedSample {
  readonly offeredPerSecond: number;
  readonly answeredPerSecond: number;
  readonly refusedShare: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/**
 * Sends at a pace whatever happens, as independent callers do, and waits for all answers. A latency counts from the moment
 * the execution was due, so that a client that falls behind hides nothing.
 */
export async function measureOpenLoop(send: Send, perSecond: number, measureMs: number): Promise<OfferedSample> {
  const latencies: number[] = [];
  let [sent, refused, open] = [0, 0, 0];
  const idle = Promise.withResolvers<void>();
  const startedAt = performance.now();
  const total = Math.round((perSecond * measureMs) / 1_000);
  let lastAnswerAt = startedAt;
  while (sent < total) {
    const due = Math.min(total, Math.ceil(((performance.now() - startedAt) * perSecond) / 1_000));
    for (; sent < due; sent++) sendAt(startedAt + (sent / perSecond) * 1_000);
    await delay(1);
  }
  const sentForMs = performance.now() - startedAt;
  if (open > 0) await idle.promise;
  return {
    offeredPerSecond: (total / sentForMs) * 1_000,
    answeredPerSecond: (latencies.length / (lastAnswerAt - startedAt)) * 1_000,
    refusedShare: refused / total,
    p50Ms: percentile(latencies, 0.5),
    p99Ms: percentile(latencies, 0.99),
  };

  function sendAt(dueAt: number): void {
    open += 1;
    send((problem) => {
      open -= 1;
      if (problem === undefined) {
        lastAnswerAt = performance.now();
        latencies.push(lastAnswerAt - dueAt);
      } else refused += 1;
      if (open === 0 && sent === total) idle.resolve();
    });
  }
}
