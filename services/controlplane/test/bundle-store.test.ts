import { buckets, connectBus, type Bus } from "@hearth/bus";
import { startNats, type NatsEngine } from "@hearth/test-engines";
import { jetstreamManager } from "@nats-io/jetstream";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openNatsBundleStore, type BundleStore } from "../src/io/bundle-store.ts";

let nats: NatsEngine;
let bus: Bus;
let store: BundleStore;
beforeAll(async () => {
  nats = await startNats();
  bus = await connectBus({ url: nats.url, name: "test" });
  store = await openNatsBundleStore(bus.connection, buckets.bundles);
});
afterAll(async () => {
  await bus.close();
  await nats.stop();
});

test("a bundle that was uploaded is there", async () => {
  expect(await store.has("one")).toBe(false);
  await store.put("one", Buffer.alloc(300_000, "x"));
  expect(await store.has("one")).toBe(true);
});

test("a bundle without its pieces is not there, and is whole again once it was uploaded again", async () => {
  const bundle = Buffer.alloc(300_000, "y");
  await store.put("two", bundle);
  const manager = await jetstreamManager(bus.connection);
  await manager.streams.purge(`OBJ_${buckets.bundles}`, { filter: `$O.${buckets.bundles}.C.>` });
  expect(await store.has("two")).toBe(false);
  await store.put("two", bundle);
  expect(await store.has("two")).toBe(true);
});
