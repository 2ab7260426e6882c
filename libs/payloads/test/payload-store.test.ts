import { createHash } from "node:crypto";
import { buckets, connectBus, type Bus } from "@hearth/bus";
import { startNats, type NatsEngine } from "@hearth/test-engines";
import { jetstreamManager } from "@nats-io/jetstream";
import { afterAll, beforeAll, expect, test } from "vitest";
import { natsPayloadStore, payloadBytesMax, type PayloadStore } from "../src/mod.ts";

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

test("what was removed is not found, and nothing of it is left in the store", async () => {
  const { sha256 } = await store.put(megabytes(5, "c"));
  await store.remove(sha256);
  await expect(store.get(sha256)).rejects.toMatchObject({ reason: "PAYLOAD_NOT_FOUND" });
  const manager = await jetstreamManager(bus.connection);
  const name = Buffer.from(sha256).toString("base64url");
  const { state } = await manager.streams.info(`OBJ_${buckets.payloads}`, { subjects_filter: ">" });
  expect(Object.keys(state.subjects ?? {})).not.toContain(`$O.${buckets.payloads}.M.${name}`);
});

test("removing what is not there does nothing", async () => {
  await expect(store.remove("0".repeat(64))).resolves.toBeUndefined();
});

test("a store that is full says so at once", async () => {
  const manager = await jetstreamManager(bus.connection);
  const { config } = await manager.streams.info(`OBJ_${buckets.payloads}`);
  await manager.streams.update(config.name, { max_bytes: 32_000_000 });
  await expect(store.put(megabytes(30, "d"))).rejects.toMatchObject({ reason: "PAYLOAD_STORE_FULL" });
  await manager.streams.update(config.name, { max_bytes: -1 });
});

test("a store whose server is away says that it is NATS that does not answer", async () => {
  await nats.stop();
  await expect(natsPayloadStore(bus, 1).put(megabytes(5, "e"))).rejects.toMatchObject({ reason: "NATS_UNAVAILABLE" });
});
