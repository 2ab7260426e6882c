import { HearthError } from "@hearth/errors";
import { Outcome } from "@hearth/proto";
import { connect, reference, TaskCancelledError, TaskTimeoutError } from "@hearth/sdk";
import { describe, expect, test } from "vitest";
import { endWith, refuseWith, startScriptedRouter, succeedWith } from "./scripted-router.ts";

const square = reference<(x: number) => Promise<number>>("e", "square");
// Port 1 of the loopback address is nobody's.
const nobody = "127.0.0.1:1";

describe("a stream that breaks", () => {
  test("is opened again, and what has no answer is asked for again under its id", async () => {
    await using router = await startScriptedRouter(() => {
      router.reaction = succeedWith(4);
      return "break";
    });
    using client = connect({ router: router.address });
    expect(await client.execute(square, 2)).toBe(4);
    expect(new Set(router.asked.map(({ executionId }) => executionId)).size).toBe(1);
    expect(router.asked.map(({ askedBefore }) => askedBefore)).toEqual([false, true]);
  });

  test("is opened to the next router", async () => {
    await using first = await startScriptedRouter(() => "break");
    await using second = await startScriptedRouter(succeedWith(4));
    using client = connect({ router: [first.address, second.address] });
    expect(await client.execute(square, 2)).toBe(4);
    expect([first.asked.length, second.asked.length]).toEqual([1, 1]);
    expect(second.asked[0]).toMatchObject({ executionId: first.asked[0]?.executionId, askedBefore: true });
  });

  test("is opened to the first router again when the others do not answer", async () => {
    await using first = await startScriptedRouter(() => {
      first.reaction = succeedWith(4);
      return "break";
    });
    using client = connect({ router: [first.address, nobody] });
    expect(await client.execute(square, 2)).toBe(4);
    expect(first.asked.length).toBe(2);
  });

  test("to a router that dies with an execution leaves that to the next", async () => {
    await using second = await startScriptedRouter(succeedWith(4));
    const first = await startScriptedRouter(() => {
      void first[Symbol.asyncDispose]();
      return "silence";
    });
    using client = connect({ router: [first.address, second.address] });
    expect(await client.execute(square, 2)).toBe(4);
  });
});

describe("a router that takes nothing any more", () => {
  test.each(["ROUTER_DRAINING", "ROUTER_SUPERSEDED"])("and says %s is left for the next one", async (reason) => {
    await using first = await startScriptedRouter(refuseWith(reason));
    await using second = await startScriptedRouter(succeedWith(4));
    using client = connect({ router: [first.address, second.address] });
    expect(await client.execute(square, 2)).toBe(4);
    expect(second.asked[0]?.askedBefore).toBe(true);
  });

  test("is asked again for as long as there is no other, and then what it says is told", async () => {
    await using router = await startScriptedRouter(refuseWith("ROUTER_DRAINING"));
    using client = connect({ router: router.address, unreachableAfterMs: 300 });
    await expect(client.execute(square, 2)).rejects.toMatchObject({ reason: "ROUTER_DRAINING" });
    expect(router.asked.length).toBeGreaterThan(1);
  });
});

test("a stream that was cut off because its answers were not read is opened anew, and what has no answer asked again", async () => {
  let cutOff = false;
  await using router = await startScriptedRouter((executions) => {
    if (cutOff) return succeedWith(4)(executions);
    cutOff = true;
    throw new HearthError("ANSWERS_UNREAD", "m");
  });
  using client = connect({ router: router.address });
  expect(await client.execute(square, 2)).toBe(4);
  expect(router.asked.map(({ askedBefore }) => askedBefore)).toEqual([false, true]);
});

test.each(["BACKLOG_FULL", "JOURNAL_UNAVAILABLE"])(
  "%s is the caller's to see, with when to ask again",
  async (reason) => {
    await using router = await startScriptedRouter(refuseWith(reason, 250));
    await using other = await startScriptedRouter(succeedWith(4));
    using client = connect({ router: [router.address, other.address] });
    await expect(client.execute(square, 2)).rejects.toMatchObject({ reason, metadata: { retryAfterMs: "250" } });
    expect(other.asked).toEqual([]);
  },
);

test("routers that nobody answers for are named", async () => {
  using client = connect({ router: [nobody, "127.0.0.1:2"], unreachableAfterMs: 300 });
  await expect(client.execute(square, 7)).rejects.toMatchObject({
    reason: "ROUTER_UNREACHABLE",
    message: expect.stringContaining("127.0.0.1:1, 127.0.0.1:2") as string,
  });
});

test.each([
  [Outcome.TIMED_OUT, "ATTEMPT_TIMED_OUT", TaskTimeoutError],
  [Outcome.CANCELLED, "CANCELLED", TaskCancelledError],
])("an outcome has its class of error: %s with %s", async (outcome, reason, kind) => {
  await using router = await startScriptedRouter(endWith(outcome, reason));
  using client = connect({ router: router.address });
  const error: unknown = await client.execute(square, 2).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(kind);
  expect(error).toMatchObject({ reason, name: kind.name });
});
