import { createHash } from "node:crypto";
import { connectBus, requestTimeoutMs, streams, subjects, type Bus } from "@hearth/bus";
import { systemClock } from "@hearth/clock";
import { startNats, type NatsEngine } from "@hearth/test-engines";
import { jetstreamManager } from "@nats-io/jetstream";
import { afterAll, beforeAll, expect, test } from "vitest";
import { natsPayloadStore, payloadBytesMax, type KeptPayload, type PayloadStore } from "../src/mod.ts";

let nats: NatsEngine;
let bus: Bus;
let store: PayloadStore;
beforeAll(async () => {
  nats = await startNats();
  bus = await connectBus({ url: nats.url, name: "test" });
  store = natsPayloadStore(bus);
});
afterAll(() => bus.close().catch(() => undefined));

const megabytes = (count: number, letter: string): Uint8Array => Buffer.alloc(count * 1_000_000, letter);

test("what is stored is named by its content and read back", async () => {
  const bytes = megabytes(20, "a");
  const stored = await store.put(bytes);
  expect(stored).toEqual({ sha256: createHash("sha256").update(bytes).digest("hex"), sizeBytes: 20_000_000 });
  expect(Buffer.compare(await store.get(stored.sha256), bytes)).toBe(0);
});

test("the same content is stored once", async () => {
  const [one, other] = [await store.put(megabytes(5, "b")), await store.put(megabytes(5, "b"))];
  expect(one).toEqual(other);
  expect((await store.list()).filter(({ sha256 }) => sha256 === one.sha256)).toHaveLength(1);
});

test("a payload over the bound is refused with both figures", async () => {
  await expect(store.put(new Uint8Array(payloadBytesMax + 1))).rejects.toMatchObject({
    reason: "PAYLOAD_TOO_LARGE",
    metadata: { payloadBytes: `${payloadBytesMax + 1}`, payloadBytesMax: `${payloadBytesMax}` },
  });
});

const listed = async (sha256: string): Promise<KeptPayload> => {
  const found = (await store.list()).find((one) => one.sha256 === sha256);
  if (found === undefined) throw new Error(`${sha256} is not listed.`);
  return found;
};

test("what was removed is not found, and nothing of it is left in the store", async () => {
  const { sha256 } = await store.put(megabytes(5, "c"));
  const payload = await listed(sha256);
  await store.remove(payload);
  await store.remove(payload);
  await expect(store.get(sha256)).rejects.toMatchObject({ reason: "PAYLOAD_NOT_FOUND" });
  const manager = await jetstreamManager(bus.connection);
  const pieces = subjects.payloadPieces(sha256);
  const { state } = await manager.streams.info(streams.payloads, { subjects_filter: pieces });
  expect(state.subjects ?? {}).toEqual({});
});

test("what was stored again since it was listed is not removed", async () => {
  const bytes = megabytes(3, "d");
  const { sha256 } = await store.put(bytes);
  const payload = await listed(sha256);
  const manager = await jetstreamManager(bus.connection);
  // As if a minute had passed: the store takes one that is so new for stored.
  await manager.streams.purge(streams.payloads, { filter: subjects.payload(sha256, 0) });
  await store.put(bytes);
  await store.remove(payload);
  expect(Buffer.compare(await store.get(sha256), bytes)).toBe(0);
});

test("a payload that was stored in part is not found, is not listed, and is stored whole by the next one", async () => {
  const bytes = megabytes(3, "e");
  const { sha256 } = await store.put(bytes);
  const manager = await jetstreamManager(bus.connection);
  await manager.streams.purge(streams.payloads, { filter: subjects.payload(sha256, 0) });
  await expect(store.get(sha256)).rejects.toMatchObject({ reason: "PAYLOAD_NOT_FOUND" });
  await expect(listed(sha256)).rejects.toThrow("is not listed");
  await Promise.all([store.put(bytes), store.put(bytes)]);
  expect(Buffer.compare(await store.get(sha256), bytes)).toBe(0);
});

test("a payload whose acknowledgements come too late is stored all the same", async () => {
  const bytes = megabytes(9, "f");
  nats.pause();
  const storing = store.put(bytes);
  // Longer than a request is waited for.
  await new Promise((resolve) => systemClock.after(1.5 * requestTimeoutMs, () => resolve(undefined)));
  nats.resume();
  const { sha256 } = await storing;
  expect(Buffer.compare(await store.get(sha256), bytes)).toBe(0);
});

test("a store that is full says so at once", async () => {
  const manager = await jetstreamManager(bus.connection);
  await manager.streams.update(streams.payloads, { max_bytes: 64_000_000 });
  await expect(store.put(megabytes(60, "g"))).rejects.toMatchObject({ reason: "PAYLOAD_STORE_FULL" });
  await manager.streams.update(streams.payloads, { max_bytes: -1 });
});

test("a store whose server is away says that it is NATS that does not answer", async () => {
  await nats.stop();
  await expect(natsPayloadStore(bus, 1).put(megabytes(5, "e"))).rejects.toMatchObject({ reason: "NATS_UNAVAILABLE" });
});
