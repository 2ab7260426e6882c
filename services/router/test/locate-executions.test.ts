import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { connectBus, subjects, type Bus } from "@hearth/bus";
import { systemClock } from "@hearth/clock";
import { newId } from "@hearth/ids";
import { LocateRequestSchema, LocateResponseSchema, type LocateRequest } from "@hearth/proto";
import { startNats, type NatsEngine } from "@hearth/test-engines";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { Locator } from "../src/io/locator.ts";
import { LocateExecutions, type LocateOptions } from "../src/loops/locate-executions.ts";

let nats: NatsEngine;
let bus: Bus;
/** What was asked of all routers. */
let asked: LocateRequest[];

beforeAll(async () => {
  nats = await startNats();
  bus = await connectBus({ url: nats.url, name: "test" });
  bus.connection.subscribe(subjects.locate, {
    callback: (_, { data }) => void asked.push(fromBinary(LocateRequestSchema, data)),
  });
});

beforeEach(() => void (asked = []));

afterAll(async () => {
  await bus.close();
  await nats.stop();
});

/** How a router named "asker" finds executions of which it has none, while it knows of these others. */
function locating(...others: string[]): LocateExecutions {
  const executions = { knows: () => false, mayFindMore: false };
  const routers = { findPeers: () => found, peers: () => others, isAdopting: () => false, isSealing: false };
  const found = Promise.resolve();
  const options = { routerId: "asker", clock: systemClock, locator: new Locator(bus, systemClock, "asker") };
  return new LocateExecutions({ ...options, executions, routers } as unknown as LocateOptions);
}

/** Another router, which has these. */
function answering(routerId: string, has: readonly string[]): void {
  new Locator(bus, systemClock, routerId).answer(`${routerId}:1`, (executionId) => has.includes(executionId));
}

/** Which of them a router may have. */
async function maybes(located: LocateExecutions, ids: readonly string[]): Promise<string[]> {
  const answers = await Promise.all(ids.map((id) => located.lookTogether(id, (mayExist) => (mayExist ? [id] : []))));
  return answers.flat();
}

const newIds = (count: number): string[] => Array.from({ length: count }, () => newId(Date.now()));

it("thousands of executions that are looked for at once are asked for a few thousand at a time", async () => {
  const ids = newIds(10_000);
  const there = [ids[5]!, ids[9_000]!];
  answering("one", [there[0]!]);
  answering("two", [there[1]!]);
  expect(await maybes(locating("one", "two"), ids)).toEqual(there);
  expect(asked.map(({ executionIds }) => executionIds.length)).toEqual([4_096, 4_096, 1_808]);
});

it("nobody is asked where there is no other router", async () => {
  expect(await maybes(locating(), newIds(10))).toEqual([]);
  expect(asked).toEqual([]);
});

it("a router that does not answer may have any of them", async () => {
  const ids = newIds(3);
  answering("three", []);
  expect(await maybes(locating("three", "silent"), ids)).toEqual(ids);
});

it("a router that answers only for one may have any of them, until it is asked for each", async () => {
  const ids = newIds(3);
  bus.connection.subscribe(subjects.locate, {
    callback: (_, message) => {
      const found = fromBinary(LocateRequestSchema, message.data).executionId === ids[1];
      const answer = create(LocateResponseSchema, { routerId: "older", address: "older:1", found });
      message.respond(toBinary(LocateResponseSchema, answer));
    },
  });
  const located = locating("older");
  expect(await maybes(located, ids)).toEqual(ids);
  expect(await Promise.all(ids.map((id) => located.find(id)))).toEqual([
    undefined,
    { kind: "there", address: "older:1" },
    undefined,
  ]);
});

it("what is looked for is here for another router that has yielded, until it is decided", async () => {
  const [id = ""] = newIds(1);
  const located = locating("other");
  answering("other", []);
  const isHere = (): boolean | undefined => located.isHere(id, "other");
  expect(await located.lookTogether(id, isHere)).toBe(true);
  expect(isHere()).toBe(false);
});
