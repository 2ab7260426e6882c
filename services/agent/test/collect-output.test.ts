import { ManualClock } from "@hearth/clock";
import type { LogBatch } from "@hearth/proto";
import { describe, expect, test } from "vitest";
import { OutputCollector, type AttemptOutput } from "../src/loops/collect-output.ts";

const mebibyte = 1024 * 1024;
const dropping = "... from here on output is dropped: an attempt may print 1 MiB, and no faster than it can be stored";

/** A collector whose batches a test takes, or refuses. */
function collector() {
  const clock = new ManualClock();
  const taken: LogBatch[] = [];
  const ids: string[] = [];
  let take: ((batch: LogBatch) => Promise<void>) | undefined;
  const output = new OutputCollector({
    clock,
    replicaId: "r",
    async publish(batch, id) {
      ids.push(id);
      await take?.(batch);
      taken.push(batch);
    },
  });
  return {
    clock,
    output,
    ids,
    texts: () => taken.flatMap(({ entries }) => entries.map(({ line }) => line!.text)),
    taken,
    publishBy: (way: typeof take) => (take = way),
    attempt: (executionId = "x") => output.attempt({ runId: "run", executionId, attempt: 1 }),
    /** Lets the clock and everything that waits for it go on. */
    async pass(ms: number) {
      for (let passed = 0; passed < ms; passed += 50) {
        clock.advance(50);
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
  };
}

function print(attempt: AttemptOutput, text: string, dropped?: number): void {
  const header = { attempt: 1, stream: "stdout", ...(dropped !== undefined && { dropped }) } as const;
  attempt.take({ kind: "log", header, body: Buffer.from(text) });
}

describe("lines", () => {
  test("are published in batches, in order, the last one though it has no end", async () => {
    const { attempt, texts, pass, taken } = collector();
    const output = attempt();
    print(output, "one\nt");
    print(output, "wo\n\nthr");
    print(output, "ee");
    output.end();
    await pass(100);
    expect(texts()).toEqual(["one", "two", "", "three"]);
    expect(taken).toHaveLength(1);
  });

  test("that are too long come in pieces, whether they have an end or not", async () => {
    const { attempt, texts, pass } = collector();
    const output = attempt();
    print(output, `${"x".repeat(40_000)}\n`);
    for (let part = 0; part < 40; part += 1) print(output, "y".repeat(1_000));
    output.end();
    await pass(100);
    expect(texts().map(({ length }) => length)).toEqual([16_384, 16_384, 7_232, 16_384, 16_384, 7_232]);
  });

  test("without text fill a batch too", async () => {
    const { attempt, taken, pass } = collector();
    print(attempt(), "\n".repeat(10_000));
    await pass(100);
    expect(Math.max(...taken.map(({ entries }) => entries.length))).toBeLessThan(1_000);
    expect(taken.flatMap(({ entries }) => entries)).toHaveLength(10_000);
  });
});

describe("what is dropped", () => {
  test("of an attempt that prints more than 1 MiB is said when it begins, and counted at its end", async () => {
    const { attempt, texts, pass } = collector();
    const [loud, other] = [attempt("loud"), attempt("other")];
    const line = "x".repeat(1_023);
    for (let printed = 0; printed < 1_030; printed += 1) print(loud, `${line}\n`);
    print(other, "still heard\n");
    loud.end();
    await pass(1_000);
    const lines = texts().filter((text) => text !== line);
    expect(texts()).toHaveLength(1_024 + lines.length);
    expect(lines).toEqual([dropping, "still heard", `... ${6 * 1_024} bytes of output were dropped`]);
  });

  test("by the runner counts as well", async () => {
    const { attempt, texts, pass } = collector();
    const output = attempt();
    print(output, "heard\n");
    print(output, "", 100);
    print(output, "", 250);
    output.end();
    await pass(100);
    expect(texts()).toEqual(["heard", dropping, "... 250 bytes of output were dropped"]);
  });
});

describe("while NATS takes nothing", () => {
  test("8 MiB wait, the rest is dropped and said to be when it takes again", async () => {
    const { attempt, texts, pass, publishBy, ids } = collector();
    publishBy(() => Promise.reject(new Error("the connection broke")));
    const attempts = Array.from({ length: 20 }, (_, index) => attempt(`x${index}`));
    const line = "x".repeat(16_383);
    for (const output of attempts)
      for (let printed = 0; printed < mebibyte; printed += 16_384) print(output, `${line}\n`);
    await pass(2_000);
    expect(texts()).toEqual([]);
    attempts.forEach((output) => output.end());
    expect(new Set(ids).size).toBe(1);
    publishBy(undefined);
    await pass(1_000);
    const kept = texts().filter((text) => text === line).length;
    expect(kept * 16_384).toBeGreaterThan(7 * mebibyte);
    expect(kept * 16_384).toBeLessThanOrEqual(8 * mebibyte);
    const counted = texts().flatMap((text) => /^\.\.\. (\d+) bytes/.exec(text)?.[1] ?? []);
    expect(counted.reduce((sum, bytes) => sum + Number(bytes), 0)).toBe((20 * 64 - kept) * 16_384);
  });

  test("one batch is under way at a time", async () => {
    const { attempt, pass, publishBy, ids } = collector();
    const gate = Promise.withResolvers<void>();
    publishBy(() => gate.promise);
    const output = attempt();
    for (let printed = 0; printed < 100; printed += 1) print(output, `${"x".repeat(10_000)}\n`);
    await pass(1_000);
    expect(ids).toEqual(["r 1"]);
    gate.resolve();
    await pass(1_000);
    expect(ids.length).toBeGreaterThan(10);
  });

  test("closing waits for as long as it is told to, and gives up then", async () => {
    const { attempt, output, pass, publishBy, ids } = collector();
    publishBy(() => Promise.reject(new Error("the connection broke")));
    print(attempt(), "in vain\n");
    let closed = false;
    void output.close(500).then(() => (closed = true));
    await pass(450);
    expect(closed).toBe(false);
    await pass(100);
    expect(closed).toBe(true);
    await pass(1_000);
    const tries = ids.length;
    await pass(1_000);
    expect(ids).toHaveLength(tries);
  });
});

test("closing publishes what is gathered", async () => {
  const { attempt, output, texts } = collector();
  print(attempt(), "the last line\n");
  await output.close(500);
  expect(texts()).toEqual(["the last line"]);
});
