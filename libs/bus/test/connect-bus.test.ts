import { create } from "@bufbuild/protobuf";
import { DemandReportSchema, type DemandReport } from "@hearth/proto";
import { startNats, type NatsEngine } from "@hearth/test-engines";
import { DiscardPolicy, jetstreamManager, StorageType } from "@nats-io/jetstream";
import { createServer, type Socket } from "node:net";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { connectBus, ensureStreams, streams, subjects, type Bus } from "../src/mod.ts";

const mebibyte = 1024 * 1024;
let nats: NatsEngine;
let bus: Bus;

beforeAll(async () => {
  nats = await startNats();
  bus = await connectBus({ url: nats.url, name: "test" });
});

afterAll(async () => {
  await bus.close();
  await nats.stop();
});

const until = <T>(check: () => T): Promise<T> => vi.waitFor(check, { timeout: 10_000, interval: 20 });

describe("the bus", () => {
  it("brings a message to whoever listens to its subject", async () => {
    const heard: DemandReport[] = [];
    const subscription = bus.subscribe(subjects.allDemand, DemandReportSchema, (report) => heard.push(report));
    bus.publish(subjects.demand("r"), DemandReportSchema, create(DemandReportSchema, { routerId: "r", sequence: 7 }));
    await until(() => expect(heard).toMatchObject([{ routerId: "r", sequence: 7 }]));
    subscription.unsubscribe();
  });

  it("drops what is no message, tells of it, and goes on", async () => {
    const heard: DemandReport[] = [];
    const dropped = vi.fn();
    bus.subscribe(subjects.allDemand, DemandReportSchema, (report) => heard.push(report), dropped);
    bus.connection.publish(subjects.demand("r"), Buffer.from("not a message"));
    bus.publish(subjects.demand("r"), DemandReportSchema, create(DemandReportSchema, { routerId: "next" }));
    await until(() => expect(heard).toMatchObject([{ routerId: "next" }]));
    expect(dropped).toHaveBeenCalledTimes(1);
  });

  it("knows when the server is away and when it is back", async () => {
    const stopped = nats.restart();
    await until(() => expect(bus.isConnected()).toBe(false));
    await stopped;
    await until(() => expect(bus.isConnected()).toBe(true));
  });

  it("says nothing more once it is closed", async () => {
    const other = await connectBus({ url: nats.url, name: "other" });
    await other.close();
    expect(() => {
      other.publish(subjects.demand("r"), DemandReportSchema, create(DemandReportSchema));
    }).not.toThrow();
  });

  it("refuses a server whose bound on a message is too small for the journal, and says what to set", async () => {
    // A server that introduces itself with NATS's own default bound and answers pings is all this needs.
    const sockets: Socket[] = [];
    const small = createServer((socket) => {
      sockets.push(socket);
      const info = { server_id: "x", version: "2.10.0", max_payload: 1_048_576, proto: 1, headers: true };
      socket.write(`INFO ${JSON.stringify(info)}\r\n`);
      socket.on("data", (data) => {
        if (data.includes("PING")) socket.write("PONG\r\n");
      });
    });
    await new Promise<void>((resolve) => small.listen(0, "127.0.0.1", resolve));
    const url = `nats://127.0.0.1:${(small.address() as AddressInfo).port}`;
    await expect(connectBus({ url, name: "test" })).rejects.toThrow(/1048576 bytes.*max_payload: 8MB/);
    sockets.forEach((socket) => socket.destroy());
    small.close();
  });
});

describe("the streams", () => {
  it("are there after they were made, however many make them at once", async () => {
    await Promise.all([ensureStreams(bus), ensureStreams(bus), ensureStreams(bus)]);
    const manager = await jetstreamManager(bus.connection);
    for (const name of Object.values(streams)) expect((await manager.streams.info(name)).config.name).toBe(name);
  });

  it("that are there already keep their own settings", async () => {
    const manager = await jetstreamManager(bus.connection);
    await manager.streams.update(streams.logs, { max_bytes: 1_000_000 });
    await ensureStreams(bus);
    expect((await manager.streams.info(streams.logs)).config.max_bytes).toBe(1_000_000);
  });

  it("include a journal that drops nothing by itself, also where an earlier version made it so that it did", async () => {
    const manager = await jetstreamManager(bus.connection);
    await manager.streams.delete(streams.journal);
    await manager.streams.add({
      ...{ name: streams.journal, subjects: [subjects.allJournal], storage: StorageType.File },
      ...{ discard: DiscardPolicy.Old, max_age: 24 * 3_600 * 1_000_000_000, max_bytes: 1024 * mebibyte },
    });
    await bus.connection.request(subjects.journal("r"), "a record");
    await Promise.all([ensureStreams(bus), ensureStreams(bus)]);
    const { config, state } = await manager.streams.info(streams.journal);
    expect(config).toMatchObject({ discard: DiscardPolicy.New, max_age: 0, max_bytes: 4096 * mebibyte });
    expect(state.messages).toBe(1);
  });

  it("include a journal whose size somebody set, which stays", async () => {
    const manager = await jetstreamManager(bus.connection);
    await manager.streams.update(streams.journal, { max_bytes: 2048 * mebibyte });
    await ensureStreams(bus);
    expect((await manager.streams.info(streams.journal)).config.max_bytes).toBe(2048 * mebibyte);
  });
});
