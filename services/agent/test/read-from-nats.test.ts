import { create, toBinary } from "@bufbuild/protobuf";
import { buckets, connectBus, type Bus } from "@hearth/bus";
import { CatalogueEntrySchema } from "@hearth/proto";
import { startNats, type NatsEngine } from "@hearth/test-engines";
import { Kvm, type KV } from "@nats-io/kv";
import { Objm, type ObjectStore } from "@nats-io/obj";
import { createHash, randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { followConcurrency } from "../src/io/follow-concurrency.ts";
import { fetchFromNats } from "../src/io/nats-bundles.ts";

let nats: NatsEngine;
let bus: Bus;
let catalogue: KV;
let bundles: ObjectStore;

beforeAll(async () => {
  nats = await startNats();
  bus = await connectBus({ url: nats.url, name: "test" });
  catalogue = await new Kvm(bus.connection).create(buckets.catalogue);
  expect(await fetchFromNats(Promise.resolve(bus))("0".repeat(64)), "without a store").toBeNull();
  bundles = await new Objm(bus.connection).create(buckets.bundles);
});

afterAll(async () => {
  await bus.close();
  await nats.stop();
});

const until = <T>(check: () => T): Promise<T> => vi.waitFor(check, { timeout: 10_000, interval: 20 });

describe("the concurrency of an environment's policy", () => {
  const entry = (concurrency: number): Uint8Array =>
    toBinary(CatalogueEntrySchema, create(CatalogueEntrySchema, { environment: { policy: { concurrency } } }));

  it("is told as it is, and whenever it changes", async () => {
    await catalogue.put("images", entry(3));
    const told: number[] = [];
    void followConcurrency(bus, "images", (concurrency) => told.push(concurrency));
    await until(() => expect(told).toEqual([3]));
    await catalogue.put("others", entry(4));
    await catalogue.put("images", entry(5));
    await until(() => expect(told).toEqual([3, 5]));
  });

  it("is told when the environment is deployed later", async () => {
    const told: number[] = [];
    void followConcurrency(bus, "later", (concurrency) => told.push(concurrency));
    await bus.connection.flush();
    await catalogue.put("later", entry(7));
    await until(() => expect(told).toEqual([7]));
  });

  it("is not what cannot be one", async () => {
    const told: number[] = [];
    void followConcurrency(bus, "odd", (concurrency) => told.push(concurrency));
    await bus.connection.flush();
    await catalogue.put("odd", entry(0));
    await catalogue.put("odd", entry(10_001));
    await catalogue.put("odd", "nothing that can be decoded");
    await catalogue.delete("odd");
    await catalogue.put("odd", entry(10_000));
    await until(() => expect(told).toEqual([10_000]));
  });

  it("is told after the connection broke, during which it changed", async () => {
    // What cannot be heard is a change during the break; a subject that nobody hears on stands for it.
    const deaf = await connectBus({ url: nats.url, name: "deaf" });
    const told: number[] = [];
    const subscribe = vi.spyOn(deaf.connection, "subscribe").mockImplementation(() => undefined as never);
    await catalogue.put("broken", entry(1));
    void followConcurrency(deaf, "broken", (concurrency) => told.push(concurrency));
    await until(() => expect(told).toEqual([1]));
    subscribe.mockRestore();
    await catalogue.put("broken", entry(2));
    await nats.restart();
    await until(() => expect(told).toEqual([1, 2]));
    await deaf.close();
  });
});

describe("a bundle", () => {
  const fetch = (sha256: string): Promise<Uint8Array | null> => fetchFromNats(Promise.resolve(bus))(sha256);
  const put = async (data: Uint8Array): Promise<string> => {
    const sha256 = createHash("sha256").update(data).digest("hex");
    await bundles.putBlob({ name: sha256 }, data);
    return sha256;
  };

  it("is put together from its pieces, others' pieces between them", async () => {
    const [one, other] = [randomBytes(1_000_003), randomBytes(700_001)];
    const [first, second] = await Promise.all([put(one), put(other)]);
    expect(Buffer.compare((await fetch(first))!, one)).toBe(0);
    expect(Buffer.compare((await fetch(second))!, other)).toBe(0);
  });

  it("is empty when what was stored is", async () => {
    expect(await fetch(await put(new Uint8Array()))).toHaveLength(0);
  });

  it("is none where none was stored, or it was deleted", async () => {
    expect(await fetch("0".repeat(64))).toBeNull();
    const sha256 = await put(randomBytes(10));
    await bundles.delete(sha256);
    expect(await fetch(sha256)).toBeNull();
  });
});
